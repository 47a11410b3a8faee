"""What must never be stored: passwords, cards and tokens are masked before anything is queued.

Every rule runs in time linear in the text (RE2, no backtracking), on UTF-8 bytes.
"""

from collections.abc import Callable, Iterator
from typing import Any

import re2

MASK = b"***REDACTED***"
CLIENT_MASKS = frozenset({b"[MASKED]", b"[FILTERED]", b"[REDACTED]", MASK})
"""What clients write in place of a secret; left alone (contract.md 4.1)."""

_KEYS = rb"password|secret|token|ssn|cvv|cvc|pin"
# A JSON string's content, escaped quotes included. What is cut off before its closing quote ends with the text.
_CONTENT = rb'((?:[^"\\]|\\.)*)("|\\?\z)'
# The same one level deeper, in JSON that is itself a string of JSON.
_NESTED = rb'((?:[^"\\]|\\[^"\\]|\\\\(?:[^"\\]|\\\\|\\"))*)(\\?"|\z)'

_TYPED = re2.compile(rb'(?s)("type"\s*:\s*"password")|("value"\s*:\s*")' + _CONTENT + rb"|[{}]")
_CARD = re2.compile(rb"\b(?:\d{4}[ -]?){3}(\d{4})\b")
_KEYED = re2.compile(rb'(?is)("(?:' + _KEYS + rb')"\s*:\s*")' + _CONTENT)
_KEYED_NESTED = re2.compile(rb'(?is)(\\"(?:' + _KEYS + rb')\\"\s*:\s*\\")' + _NESTED)
# Not `token`: a number of tokens is no secret.
_KEYED_NUMBER = re2.compile(rb'(?i)("(?:password|secret|ssn|cvv|cvc|pin)"\s*:\s*)\d{3,}\b')

_NAMES = (
    rb"[\w.-]*(?:password|passwd|secret|token|(?:api|access|secret|private)[_-]?key|credentials?|signature)"
    rb"|pwd|ssn|cvv|cvc|auth|authorization|jwt|sig"
)
_USER_INFO = re2.compile(rb"(?i)(\b[a-z][a-z0-9+.-]*://[^\s/?#:@]*:)([^\s/?#@]+)(@)")
_PARAMETER = re2.compile(rb"(?i)([?&;#](?:" + _NAMES + rb")=)([^&;#\s]+)()")
_ASSIGNMENT = re2.compile(rb"(?i)(\b(?:" + _NAMES + rb")=)([^\s&;,'\"]+)()")
_BEARER = re2.compile(rb"(?i)((?:\bauthorization:\s*[a-z]+|\bbearer)\s+)([a-z0-9._~+/=-]{16,})()")
_DIGITS = b"0123456789"
_CARD_DIGITS = 16
# Our own keys stand in ping URLs, and scripts that trace what they do print those.
_OWN_KEY = re2.compile(rb"(\bssk_)([0-9A-Za-z]{36})()")

Rule = Callable[[bytes], bytes]


def mask_event(text: str) -> str:
    """Mask the data of a replay event: the rules of contract.md 4.1 in their order, and the holes that it lists.

    Text without a hit comes back unchanged.
    """
    return _apply((_mask_typed, _mask_cards, _mask_keyed), text)


def mask_text(text: str) -> str:
    """Mask what a job says (message, output): an event's rules, `name=value`, URLs, Authorization headers, our keys."""
    return _apply((_mask_typed, _mask_cards, _mask_keyed, _mask_said), text)


def mask_url(url: str) -> str:
    """Mask credentials in a URL or path: the password before the host, and query parameters with telling names."""
    return _apply((_mask_address,), url)


def _apply(rules: tuple[Rule, ...], text: str) -> str:
    before = after = text.encode()
    for rule in rules:
        after = rule(after)
    return text if after == before else after.decode()


def _mask_typed(data: bytes) -> bytes:
    """Mask every `value` in a brace-free stretch that also says `"type":"password"`."""
    if b'"password"' not in data:
        return data
    pieces, done = [], 0
    for begin, end in _typed_values(data):
        pieces += [data[done:begin], MASK]
        done = end
    return b"".join([*pieces, data[done:]])


def _typed_values(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where values stand that belong to a password field and are not masked yet."""
    is_password = False
    values: list[tuple[int, int]] = []
    for match in _TYPED.finditer(data):
        if match[1]:
            is_password = True
        elif match[2]:
            values.append(match.span(3))
        else:
            yield from _secret(data, values if is_password else [])
            is_password, values = False, []
    yield from _secret(data, values if is_password else [])


def _secret(data: bytes, spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    return (span for span in spans if data[slice(*span)] not in CLIENT_MASKS)


def _mask_cards(data: bytes) -> bytes:
    if len(data) - len(data.translate(None, _DIGITS)) < _CARD_DIGITS:
        return data
    return _substitute(_CARD, rb"****-****-****-\1", data)


def _mask_keyed(data: bytes) -> bytes:
    if b'"' not in data:
        return data
    data = _substitute(_KEYED, _hide, data)
    if b'\\"' in data:
        data = _substitute(_KEYED_NESTED, _hide, data)
    return _substitute(_KEYED_NUMBER, rb'\1"' + MASK + rb'"', data)


def _mask_address(data: bytes) -> bytes:
    if b"://" in data:
        data = _substitute(_USER_INFO, _hide, data)
    return _substitute(_PARAMETER, _hide, data) if b"=" in data else data


def _mask_said(data: bytes) -> bytes:
    data = _mask_address(data)
    if b"=" in data:
        data = _substitute(_ASSIGNMENT, _hide, data)
    if b"ssk_" in data:
        data = _substitute(_OWN_KEY, _hide, data)
    low = data.lower()
    return _substitute(_BEARER, _hide, data) if b"bearer" in low or b"authorization" in low else data


def _hide(match: Any) -> bytes:
    """Return what was matched with its second group masked, unless the client has masked it."""
    before, value, after = match.groups()
    return bytes(before + (value if value in CLIENT_MASKS else MASK) + after)


def _substitute(pattern: Any, replacement: Any, data: bytes) -> bytes:
    # RE2's search costs a fraction of its substitution, and most texts hold no hit.
    return bytes(pattern.sub(replacement, data)) if pattern.search(data) else data
