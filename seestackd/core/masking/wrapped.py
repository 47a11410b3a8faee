"""Secrets wrapped in base64: `eyJwYXNzd29yZCI6Imh1bnRlcjIifQ==`."""

import binascii
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from seestackd.core.masking.mark import MASK, Span
from seestackd.core.masking.scan import Pattern

_STANDARD = bytes.maketrans(b"-_", b"+/")
# Four characters hold three bytes. Those of ASCII text have their top bits clear, which leaves a tenth of all groups:
# names, hashes and pictures seldom begin with two such groups.
_GROUP = rb"[CDI-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]"
_RUN = Pattern(rb"(?:^|[^A-Za-z0-9+/_-])(?:" + _GROUP + rb"){2}[A-Za-z0-9+/_-]{8,}={0,2}")
_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")


def mask_wrapped(data: bytes, masked: Callable[[Sequence[str]], list[str]]) -> bytes:
    """Mask base64 as a whole when what it holds is text in which something is masked.

    `masked` returns texts with their secrets masked, in the same order.
    """
    runs = list(_runs(data))
    contents = _contents(data, runs)
    if not contents:
        return data
    pieces: list[bytes] = []
    done = 0
    for index, before, after in zip(contents, contents.values(), masked(list(contents.values())), strict=True):
        if before != after:
            begin, end = runs[index]
            pieces += (data[done:begin], MASK)
            done = end
            while data[done : done + 1] == b"=":
                done += 1
    return b"".join([*pieces, data[done:]]) if pieces else data


def _runs(data: bytes) -> Iterator[Span]:
    """Yield where base64 stands, without what it is padded with."""
    length, find = len(data), _RUN.find
    ((begin, end),) = find(data, 0, length)
    while end >= 0:
        begin += data[begin] not in _LETTERS  # what stands before
        yield begin, begin + len(data[begin:end].rstrip(b"="))
        ((begin, end),) = find(data, end, length)


def _contents(data: bytes, runs: Sequence[Span]) -> dict[int, str]:
    """Return what each of the runs holds that holds text, by its index. They are read at once, as one."""
    # A character too many holds no whole byte; what is missing of four is made up for.
    letters = [data[begin : end - ((end - begin) % 4 == 1)] for begin, end in runs]
    fours = b"".join([each.ljust((len(each) + 3) & ~3, b"A") for each in letters])
    read = binascii.a2b_base64(fours.translate(_STANDARD))
    contents = {}
    at = 0
    for index, length in enumerate(map(len, letters)):
        with suppress(UnicodeDecodeError):
            text = read[at : at + length * 3 // 4].decode()
            if "\0" not in text:
                contents[index] = text
        at += (length + 3) // 4 * 3
    return contents


SIGNS = (_RUN.text,)
"""What a text has in which these rules may find something."""
