"""Which of many texts may hold a secret: one search for all rules at once, since most texts hold none."""

from collections.abc import Iterator

from seestackd.core.masking import cards, credentials, fields, pairs, wrapped
from seestackd.core.masking.mark import Span
from seestackd.core.masking.scan import Pattern

_NEAR, _MANY, _AT_ONCE = 500, 3, 20_000  # bytes, texts, bytes


def _any_of(*rules: Pattern) -> Pattern:
    return Pattern(b"|".join(b"(?:" + rule.text + b")" for rule in rules))


_SIGNS = (*fields.SIGNS, *cards.SIGNS, *pairs.SIGNS, *credentials.SIGNS)
_ANY = _any_of(*_SIGNS)
_ANY_OR_WRAPPED = _any_of(*_SIGNS, *wrapped.SIGNS)


def suspect(data: bytes) -> bool:
    """Tell whether a rule has something to look at, or base64 that may hold it."""
    return _ANY_OR_WRAPPED.find(data, 0, len(data))[1] >= 0


def suspects(data: bytes) -> Iterator[Span]:
    """Yield where texts stand, between NULs, in which a rule has something to look at; base64 is not one.

    Where such texts are many those between them are taken along.
    """
    at = followed = 0
    length = len(data)
    while at < length and (place := _ANY.find(data, at, length)[1]) >= 0:
        begin = data.rfind(b"\0", 0, place) + 1
        followed = followed + 1 if begin - at < _NEAR else 0
        end = data.find(b"\0", place if followed < _MANY else min(length, place + _AT_ONCE))
        at = length if end < 0 else end
        yield begin, at
