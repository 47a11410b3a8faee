"""Secrets wrapped in base64: `eyJwYXNzd29yZCI6Imh1bnRlcjIifQ==`."""

import binascii
from collections.abc import Callable

from seestackd.core.masking.mark import MASK
from seestackd.core.masking.scan import Pattern

Rule = Callable[[bytes], bytes]

_DEPTH = 3
_STANDARD = bytes.maketrans(b"-_", b"+/")
# Four characters hold three bytes. Those of ASCII text have their top bits clear, which leaves a tenth of all groups:
# names, hashes and pictures seldom begin with two such groups.
_GROUP = rb"[CDI-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]"
_RUN = Pattern(rb"(?:^|[^A-Za-z0-9+/_-])(?:" + _GROUP + rb"){2}[A-Za-z0-9+/_-]{8,}={0,2}")
_SEPARATOR = b"\0"
_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")


def mask_wrapped(data: bytes, rules: Rule, depth: int = _DEPTH) -> bytes:
    """Mask base64 as a whole when what it holds is text and the rules find something in it, down to three wrappings."""
    length, find = len(data), _RUN.find
    begin, end = find(data, 0, length)
    if end < 0:
        return data
    runs = []
    while end >= 0:
        begin += data[begin] not in _LETTERS  # what stands before
        stop = begin + len(data[begin:end].rstrip(b"="))
        if (text := _unwrapped(data[begin:stop])) is not None:
            runs.append(((begin, stop), text))
        begin, end = find(data, end, length)
    if not runs:
        return data
    contents = _SEPARATOR.join(text for _, text in runs)
    masked = rules(contents)
    if depth > 1:
        masked = mask_wrapped(masked, rules, depth - 1)
    if masked == contents:
        return data
    pieces: list[bytes] = []
    done = 0
    for ((begin, end), before), after in zip(runs, masked.split(_SEPARATOR), strict=True):
        if before != after:
            pieces += [data[done:begin], MASK]
            done = end
            while data[done : done + 1] == b"=":
                done += 1
    return b"".join([*pieces, data[done:]])


def _unwrapped(run: bytes) -> bytes | None:
    """Return the text that a run of base64 holds, None when it is no text."""
    whole = run[: len(run) - (len(run) % 4 == 1)]
    try:
        content = binascii.a2b_base64(whole.translate(_STANDARD) + b"=" * (-len(whole) % 4))
        content.decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return None if _SEPARATOR in content else content


SIGNS = (_RUN,)
"""What a text has in which these rules may find something."""
