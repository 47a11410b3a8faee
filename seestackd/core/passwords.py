"""The password of the dashboard: its limits, and scrypt as it is stored."""

import base64
import hashlib
import hmac

from seestackd.errors import Invalid

MIN_LENGTH = 8
MAX_BYTES = 1024
SALT_BYTES = 16
_COST, _BLOCK, _LANES = 2**14, 8, 5
_KIND = "scrypt"


def check_new(password: str) -> str:
    """Return a password that may be set. Raises Invalid for one that is too short, too long or no line of text."""
    if len(password) < MIN_LENGTH:
        raise Invalid(f"a password has at least {MIN_LENGTH} characters; take a few words", field="password")
    if len(password.encode("utf-8", "replace")) > MAX_BYTES:
        raise Invalid(f"a password has at most {MAX_BYTES} bytes; take a shorter one", field="password")
    if not password.isprintable():
        raise Invalid("a password is one line without control characters; type another", field="password")
    return password


def hashed(password: str, salt: bytes) -> str:
    """Return what is stored of a password; takes about 0.2 s and 16 MiB (reliability.md 3.3)."""
    return _stored(password, salt, _COST, _BLOCK, _LANES)


def matches(password: str, stored: str) -> bool:
    """Say whether a password is the stored one, in a time that tells nothing of it.

    It costs what it did when it was stored: a password outlives a change of the costs.
    """
    kind, *costs, salt, _ = stored.split("$")
    if kind != _KIND or len(password.encode("utf-8", "replace")) > MAX_BYTES:
        return False
    cost, block, lanes = map(int, costs)
    return hmac.compare_digest(_stored(password, base64.b64decode(salt), cost, block, lanes), stored)


def _stored(password: str, salt: bytes, cost: int, block: int, lanes: int) -> str:
    found = hashlib.scrypt(password.encode("utf-8", "replace"), salt=salt, n=cost, r=block, p=lanes, dklen=32)
    return "$".join([_KIND, str(cost), str(block), str(lanes), _text(salt), _text(found)])


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
