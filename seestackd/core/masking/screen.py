"""Which of many texts may hold a secret: one search for all rules at once, since most texts hold none."""

from collections.abc import Iterator

import re2

from seestackd.core.masking import cards, credentials, fields, pairs, wrapped
from seestackd.core.masking.mark import Span
from seestackd.core.masking.scan import Pattern

_RULES = (*fields.SIGNS, *cards.SIGNS, *pairs.SIGNS, *credentials.SIGNS, *wrapped.SIGNS)
_NEAR, _MANY, _AT_ONCE = 500, 3, 20_000  # bytes, texts, bytes
_MEMORY = 64 * 1024 * 1024  # for the states of so large a pattern; it takes what it needs


def _joined() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.never_capture = True
    return options


_ANY = Pattern(b"|".join(b"(?:" + rule.text + b")" for rule in _RULES), _joined())


def suspects(data: bytes) -> Iterator[Span]:
    """Yield where texts stand, between NULs, in which a rule has something to look at.

    Where such texts are many those between them are taken along.
    """
    at = followed = 0
    while (match := _ANY.search(data, at)) is not None:
        place = match[0][1]
        begin = data.rfind(b"\0", 0, place) + 1
        followed = followed + 1 if begin - at < _NEAR else 0
        end = data.find(b"\0", place if followed < _MANY else place + _AT_ONCE)
        end = len(data) if end < 0 else end
        yield begin, end
        at = end
        if at == len(data):
            return
