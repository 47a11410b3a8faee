"""Which of many texts may hold a secret: one search for all rules at once, since most texts hold none."""

from collections.abc import Iterator

from seestackd.core.masking import cards, credentials, fields, pairs, wrapped
from seestackd.core.masking.mark import Span
from seestackd.core.masking.scan import Sign

# When the last 16 suspects stood less than 100 bytes apart on average, the next 20,000 bytes are taken as a whole:
# telling texts apart would cost more than the rules do.
_NEAR, _MANY, _AT_ONCE = 100, 16, 20_000  # bytes, texts, bytes

_ANY = Sign(*fields.SIGNS, *cards.SIGNS, *pairs.SIGNS, *credentials.SIGNS, *wrapped.SIGNS)


def suspects(data: bytes) -> Iterator[Span]:
    """Yield where texts stand, between NULs, in which a rule has something to look at, or base64 that may hold it.

    Where such texts are many those between them are taken along.
    """
    at = texts = between = 0
    length, find = len(data), _ANY.find
    while at < length and (place := find(data, at, length)[0][1]) >= 0:
        begin = data.rfind(b"\0", at, place) + 1
        texts, between = texts + 1, between + begin - at
        if texts == _MANY:
            place = min(length, place + _AT_ONCE) if between < _NEAR * _MANY else place
            texts = between = 0
        end = data.find(b"\0", place)
        at = length if end < 0 else end
        yield begin, at
