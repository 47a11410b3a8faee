"""What must never be stored: passwords, cards and tokens are masked before anything is queued.

Every rule runs in time linear in the text (RE2, no backtracking), on UTF-8 bytes. Many texts are masked as one, joined
by NUL, which no rule reaches across: a search costs more to begin than to run over a short text.
"""

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import blake2b

from seestackd.core.masking.cards import mask_cards, mask_proven_cards
from seestackd.core.masking.credentials import mask_credentials
from seestackd.core.masking.fields import mask_fields
from seestackd.core.masking.mark import MASK as MASK
from seestackd.core.masking.pairs import mask_pairs, mask_pairs_of_text
from seestackd.core.masking.screen import suspects
from seestackd.core.masking.wrapped import mask_wrapped

Rule = Callable[[bytes], bytes]

_END = "\0"
_DEPTH = 3  # of base64 in base64
_MAX_REPEATED = 512
_MAX_HARMLESS = 10_000
# Jobs say the same again and again. Of texts without a secret the digest is kept, of others nothing.
_harmless: set[bytes] = set()


def _event_rules(data: bytes) -> bytes:
    return mask_credentials(mask_pairs(mask_cards(mask_fields(data))))


def _text_rules(data: bytes) -> bytes:
    return mask_credentials(mask_pairs_of_text(mask_cards(mask_fields(data))))


def _address_rules(data: bytes) -> bytes:
    return mask_credentials(mask_pairs(mask_proven_cards(data)))


def mask_events(texts: Sequence[str]) -> list[str]:
    """Mask the data of replay events: the rules of contract.md 4.1 and reliability.md 5, and the holes that those list.

    Texts without a hit come back unchanged.
    """
    return _apply(_event_rules, texts)


def mask_event(text: str) -> str:
    """Mask the data of one replay event."""
    return mask_events((text,))[0]


def mask_text(text: str) -> str:
    """Mask what a job says (message, output): as an event, and what only lines of text know (`PASSWORD="a b"`)."""
    if len(text) > _MAX_REPEATED:
        return _apply(_text_rules, (text,))[0]
    mark = blake2b(text.encode(), digest_size=16).digest()
    if mark in _harmless:
        return text
    masked = _apply(_text_rules, (text,))[0]
    if masked == text:
        if len(_harmless) >= _MAX_HARMLESS:
            _harmless.clear()
        _harmless.add(mark)
    return masked


def mask_urls(urls: Sequence[str]) -> list[str]:
    """Mask credentials in URLs or paths: the password before the host, telling parameters, tokens.

    Sixteen digits are a card there only when their check digit says so: paths are full of ids.
    """
    return _apply(_address_rules, urls)


def mask_url(url: str) -> str:
    """Mask one URL or path."""
    return mask_urls((url,))[0]


def _apply(rules: Rule, texts: Sequence[str], depth: int = _DEPTH) -> list[str]:
    """Apply the rules to those texts in which they have something to look at, and to what those hold as base64."""
    found = list(texts)
    data = _END.join(texts).encode()
    places = list(suspects(data))
    if not places:
        return found
    if data.count(b"\0") >= len(texts):
        # A text with a NUL of its own counts as several.
        return [_END.join(_apply(rules, text.split(_END), depth)) for text in texts]
    masked = rules(b"\0".join([data[begin:end] for begin, end in places]))
    if depth:
        masked = mask_wrapped(masked, partial(_apply, rules, depth=depth - 1))
    results = masked.decode().split(_END)
    index = used = done = 0
    for begin, end in places:
        index += data.count(b"\0", done, begin)
        many = data.count(b"\0", begin, end) + 1
        found[index : index + many] = results[used : used + many]
        index, used, done = index + many - 1, used + many, end
    return found
