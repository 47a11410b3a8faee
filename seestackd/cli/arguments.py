"""The parser of every command: one sentence for what is wrong, and the kinds of values that are not just texts."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from seestackd.cli import from_command
from seestackd.cli.failures import Exit
from seestackd.cli.visible import brief

MAX_DIGITS = 100
"""Numbers of more digits are nothing that somebody counted."""

_SAID = (
    (r"the following arguments are required: (.*)", r"missing: \1"),
    (r"one of the arguments (.*) is required", r"missing: one of \1"),
    (r"argument (.*): expected (?:one|at least one) argument", r"\1 needs a value"),
    (r"argument (.*): not allowed with argument (.*)", r"\1 and \2 contradict each other, so give one of them"),
    (r"argument (.*): ignored explicit argument .*", r"\1 takes no value"),
    (r"argument (.*?): (.*)", r"\1: \2"),
)


class Parser(argparse.ArgumentParser):
    """Tells one sentence instead of the usage, and remembers which command was called."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{**options, "allow_abbrev": False})

    def called(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Return what was asked, with the parser of the command as `parser`. Exits with 2 for what is wrong."""
        before = from_command(list(arguments))[:1]
        if before and before[0].startswith("-") and before[0] not in self._option_string_actions:
            self.error(self.unknown(before[0]))
        options: argparse.Namespace
        options, strange = self.parse_known_args(arguments)
        if strange:
            options.parser.error(options.parser.unknown(strange[0]))
        return options

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as always; the innermost parser is the command's."""
        found, strange = super().parse_known_args(args, namespace)
        if "parser" not in found:
            found.parser = self
        return found, strange

    def unknown(self, word: str) -> str:
        """Say that a word is too much."""
        option = word.partition("=")[0]
        if not option.startswith("-"):
            return f'"{word}" is one word too many; put quotes around words that belong together'
        return f"unknown option {option}{_nearest(option, self._option_string_actions)}"

    def option_of(self, field: str) -> str | None:
        """Return how the command names a field of an operation, None when nobody typed it."""
        wanted = field.removesuffix("_ms").rstrip("s")
        for action in self._actions:
            option = next((each for each in action.option_strings if each.startswith("--")), "")
            if wanted in (action.dest.rstrip("s"), option[2:].replace("-", "_").rstrip("s")):
                return option or str(action.metavar or action.dest)
        return None

    def error(self, message: str) -> NoReturn:
        """End with 2 and one sentence."""
        for pattern, said in _SAID:
            if re.fullmatch(pattern, message, re.DOTALL):
                message = re.sub(pattern, said, message, flags=re.DOTALL)
                break
        self.exit(Exit.USAGE, f"{brief(f'{self.prog}: {message}')}; see: {self.prog} --help\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            near = _nearest(str(value), action.choices)
            known = near or f"; there are {', '.join(map(str, action.choices))}"
            raise argparse.ArgumentError(action, f'there is no "{brief(str(value))}"{known}')


def _nearest(word: str, known: Any) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word[:100], list(known), 1)
    return f"; did you mean {near[0]}?" if near else ""


def whole_number(text: str) -> int:
    """Return a number that was typed. Raises ArgumentTypeError."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS):
        raise argparse.ArgumentTypeError(f'"{brief(text)}" is not a whole number, such as 2')
    return int(text)


def utf8(text: str) -> str:
    """Return a text that can be stored and sent. Raises ArgumentTypeError for bytes that are none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError("is no UTF-8; type it in a terminal that is set to UTF-8") from None
    return text


def path(text: str) -> Path:
    """Return the path that was typed. Raises ArgumentTypeError."""
    if not text or "\0" in text:
        raise argparse.ArgumentTypeError("must be the path of a file or folder, such as ./data")
    return Path(text)
