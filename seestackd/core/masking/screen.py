"""Which of many texts may hold a secret: one search for all rules at once, since most texts hold none."""

from collections.abc import Iterator

import re2

from seestackd.core.masking import cards, credentials, fields, pairs, wrapped
from seestackd.core.masking.mark import Span

_RULES = (*fields.SIGNS, *cards.SIGNS, *pairs.SIGNS, *credentials.SIGNS, *wrapped.SIGNS)
_MEMORY = 64 * 1024 * 1024  # for the states of so large a pattern; it takes what it needs


def _joined() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.never_capture = True
    return options


_ANY = re2.compile(b"|".join(b"(?:" + rule.pattern + b")" for rule in _RULES), _joined())


def suspects(data: bytes) -> Iterator[Span]:
    """Yield where texts stand, between NULs, in which a rule has something to look at."""
    at = 0
    while (match := _ANY.search(data, at)) is not None:
        begin = data.rfind(b"\0", 0, match.end()) + 1
        end = data.find(b"\0", match.end())
        end = len(data) if end < 0 else end
        yield begin, end
        at = end
        if at == len(data):
            return
