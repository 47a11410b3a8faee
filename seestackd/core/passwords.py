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
    return "$".join([_KIND, str(_COST), str(_BLOCK), str(_LANES), _text(salt), _text(_scrypt(password, salt))])


def matches(password: str, stored: str) -> bool:
    """Say whether a password is the stored one, in a time that tells nothing of it."""
    kind, *_, salt, expected = stored.split("$")
    if kind != _KIND or len(password.encode("utf-8", "replace")) > MAX_BYTES:
        return False
    return hmac.compare_digest(_text(_scrypt(password, base64.b64decode(salt))), expected)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "replace"), salt=salt, n=_COST, r=_BLOCK, p=_LANES, dklen=32)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
