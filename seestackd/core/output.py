"""What a job printed: made harmless to read, masked, and of a bounded length."""

import re

from seestackd.core.masking import mask_text

LIMIT = 100_000
"""How many bytes of an output are kept; of longer ones the beginning and the end."""

_HEAD = 20_000
_TAIL = LIMIT - _HEAD
_LINE = 1_000  # where a line ends within so many bytes of a cut, the cut goes there

# Colours, cursor movements; titles and links, which end with BEL or ESC \.
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\))")
_DIRECTIONS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # they let a text read otherwise than it is
_HARMFUL = (*range(0x20), *range(0x7F, 0xA0), *_DIRECTIONS)
_SHOWN = {code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in _HARMFUL if chr(code) not in "\n\t"}


def harmless(text: str) -> str:
    """Return the text without terminal commands, other control characters written out (NUL as `\\x00`).

    Lines end with a line feed, whatever ended them. What is no Unicode (lone surrogates) is written out too.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _TERMINAL.sub("", text).translate(_SHOWN).encode("utf-8", "backslashreplace").decode()


def said(text: str) -> str:
    """Return what a job says as it may be stored: harmless and masked."""
    return mask_text(harmless(text))


class Output:
    """A job's output, taken in pieces of any size; holds no more than about twice LIMIT bytes of it.

    `size` counts all bytes taken. `note` is a remark of ours that follows the text.
    """

    def __init__(self) -> None:
        self.size = 0
        self.note = ""
        self._head = bytearray()
        self._tail = bytearray()

    def add(self, piece: bytes) -> None:
        """Take the next piece."""
        self.size += len(piece)
        room = _HEAD - len(self._head)
        if room > 0:
            self._head += piece[:room]
            piece = piece[room:]
        self._tail += piece[-_TAIL:]
        if len(self._tail) > 2 * _TAIL:
            del self._tail[:-_TAIL]

    def text(self) -> str:
        """Return what is kept, fit to be stored. Bytes that are no UTF-8 are written out (`\\xe4`)."""
        if self.size <= LIMIT:
            whole = _readable(self._head + self._tail)
            if not self.note:
                return whole
            parts = [whole]
        else:
            head, tail = _whole_lines(self._head, self._tail[-_TAIL:])
            cut = self.size - len(head) - len(tail)
            # Masked one by one: a secret that the cut runs through must not hide the mark.
            parts = [_readable(head), f"[... {cut} bytes left out ...]", _readable(tail)]
        return "\n".join(part.removesuffix("\n") for part in (*parts, self.note) if part)


def _whole_lines(head: bytearray, tail: bytearray) -> tuple[bytes, bytes]:
    """Take broken lines off a cut, or at least broken characters; half of a secret would not be known for one."""
    end = head.rfind(b"\n", len(head) - _LINE) + 1
    if not end:
        end = len(head) - _begun_character(head)
    start = tail.find(b"\n", 0, _LINE) + 1
    if not start:
        start = next((index for index in range(4) if tail[index] & 0xC0 != 0x80), 0)
    return bytes(head[:end]), bytes(tail[start:])


def _begun_character(data: bytearray) -> int:
    """Return how many bytes at the end are the beginning of a character whose rest is missing."""
    for count in range(1, 4):
        byte = data[-count]
        if byte & 0xC0 == 0xC0:
            return count if byte >= (0xC0, 0xE0, 0xF0)[count - 1] else 0
        if byte & 0x80 == 0:
            return 0
    return 0


def _readable(data: bytes | bytearray) -> str:
    return said(data.decode("utf-8", "backslashreplace")) if data else ""
