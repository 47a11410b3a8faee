"""Texts that others have written, as a terminal may show them."""

import re

MAX_WORD = 120
MAX_LINE = 900
_WORD = re.compile(rf"\S{{{MAX_WORD},}}")


def visible(text: str) -> str:
    """Return the text with everything written out that is not printable, so that nobody's text moves the cursor."""
    return text if text.isprintable() else "".join(map(_written_out, text))


def brief(text: str) -> str:
    """Return a message as one line that is read to its end, however long the words in it are."""
    line = _WORD.sub(lambda word: f"{word[0][:40]}…{word[0][-20:]}", visible(text))
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE // 2]} … {line[-MAX_LINE // 2 :]}"


def _written_out(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]
