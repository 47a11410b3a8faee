"""Keys: their form, their checksum, their digest; what each scope may do."""

import hashlib
import hmac
import string
import zlib
from enum import StrEnum

PREFIX = "ssk_"
PREVIEW_LENGTH = 8
"""How many first characters of a key are kept readable (contract.md 6.4)."""

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_LENGTH = 30
_CHECKSUM_LENGTH = 6
RANDOM_BYTES = 32
"""How many random bytes `make_secret` wants: more than 30 characters hold, so that none is likelier than another."""


class Scope(StrEnum):
    """What a key may be used for."""

    PING = "ping"
    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"


MAY_INGEST = frozenset({Scope.INGEST, Scope.ADMIN})
MAY_READ = frozenset({Scope.READ, Scope.ADMIN})


def make_secret(random: bytes) -> str:
    """Return a key made of `random` (at least RANDOM_BYTES, from `secrets`): prefix, 30 characters, checksum.

    The checksum lets scanners tell a leaked key from chance; it is never asked for at the door (contract.md 6.4).
    """
    if len(random) < RANDOM_BYTES:
        raise ValueError(f"a key needs {RANDOM_BYTES} random bytes, got {len(random)}")
    body = PREFIX + _base62(int.from_bytes(random, "big"), _RANDOM_LENGTH)
    return body + _checksum(body)


def checksum_ok(text: str) -> bool:
    """Say whether a text has the form of a key made here, its checksum included."""
    body, checksum = text[:-_CHECKSUM_LENGTH], text[-_CHECKSUM_LENGTH:]
    well_formed = len(body) == len(PREFIX) + _RANDOM_LENGTH and body.startswith(PREFIX) and body.isascii()
    return well_formed and _checksum(body) == checksum


def digest(text: str) -> str:
    """Return the SHA-256 of a key in hex; takes undecodable bytes of a header as they come."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare two digests in a time that tells nothing of either."""
    return hmac.compare_digest(one, other)


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, rest = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))
