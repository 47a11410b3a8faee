"""The files of the settings: the one that is named, and conf.d/*.toml beside it, as one table with places."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seestackd.errors import Invalid
from seestackd.settings.locate import Position, positions

SYSTEM_FILE = Path("/etc/seestackd/seestackd.toml")
FOLDER = "conf.d"
MAX_FILE_BYTES = 4 * 1024 * 1024
NAMED_TABLES = frozenset({"channels", "monitors"})
"""Tables of tables: each of the inner ones stands in one file as a whole."""

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class BadSettings(Invalid):
    """The settings cannot be used; `problems` are whole lines `file:line:column: key: problem; next step`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something is said; `number` is the file's, in the order of reading."""

    number: int
    line: int
    column: int
    file: Path

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass
class Said:
    """What the files say together: the raw tables, the place of every key, and what is said twice."""

    raw: dict[str, Any] = field(default_factory=dict)
    places: dict[tuple[str, ...], Place] = field(default_factory=dict)
    duplicates: list[tuple[Place, str]] = field(default_factory=list)


def default_database(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the data lives when nobody said: systemd's state directory, root's, or the user's own."""
    state = environ.get("STATE_DIRECTORY", "").split(":")[0]
    if state or os.geteuid() == 0:
        return Path(state or "/var/lib/seestackd") / "seestackd.db"
    home = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "seestackd" / "seestackd.db"


def files_of(file: Path | None, system_file: Path) -> list[Path]:
    """Return the files to read, the main one first: `file`, else the system's when it is there; then conf.d beside it.

    Raises BadSettings when conf.d cannot be listed.
    """
    main = file or system_file
    folder = main.parent / FOLDER
    try:
        beside = sorted(path for path in folder.iterdir() if path.suffix == ".toml" and not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        beside = []
    except OSError as error:
        raise BadSettings(
            [f"{folder}: cannot be read: {error.strerror}; correct its permissions, or run as its owner"]
        ) from None
    return [*([main] if file is not None or main.exists() else []), *beside]


def read_files(files: list[Path]) -> Said:
    """Read and join the files. Raises BadSettings, with every file that is no readable TOML."""
    said, problems = Said(), []
    for number, file in enumerate(files):
        try:
            text = _text(file)
            raw = tomllib.loads(text)
        except BadSettings as error:
            problems += error.problems
            continue
        except RecursionError:
            problems.append(f"{file}: is nested too deeply to be read; correct the TOML")
            continue
        except tomllib.TOMLDecodeError as error:
            at, message = _syntax(str(error), text)
            problems.append(f"{file}:{at[0]}:{at[1]}: {message}; correct the TOML")
            continue
        found = {path: Place(number, *position, file) for path, position in positions(text).items()}
        _join(said, raw, found, file)
    if problems:
        raise BadSettings(problems)
    return said


def _join(said: Said, raw: dict[str, Any], found: dict[tuple[str, ...], Place], file: Path) -> None:
    for path in _merge(said.raw, raw, ()):
        first, second = nearest(said.places, path, file), nearest(found, path, file)
        said.duplicates.append((second, f"{second}: {'.'.join(path)}: stands at {first} too; remove one of the two"))
    for path, place in found.items():
        said.places.setdefault(path, place)


def _merge(into: dict[str, Any], more: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Add what `more` says; yields the paths that were said before."""
    for name, value in more.items():
        here = (*path, name)
        before = into.get(name)
        if name not in into:
            into[name] = value
        elif isinstance(before, dict) and isinstance(value, dict) and not (path and path[0] in NAMED_TABLES):
            yield from _merge(before, value, here)
        else:
            yield here


def nearest(found: dict[tuple[str, ...], Place], path: tuple[str, ...], file: Path) -> Place:
    """Return the place of the key, or of the table it should be in, or the beginning of the file."""
    for length in range(len(path), 0, -1):
        if place := found.get(path[:length]):
            return place
    return Place(0, 1, 1, file)


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise BadSettings(
            [f"{file}: no such file; create it (config/seestackd.toml is an example) or leave --config off"]
        ) from None
    except OSError as error:
        raise BadSettings(
            [f"{file}: cannot be read: {error.strerror}; correct its permissions, or run as its owner"]
        ) from None
    if len(content) > MAX_FILE_BYTES:
        raise BadSettings([f"{file}: larger than {MAX_FILE_BYTES // 2**20} MiB; is this the settings file?"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise BadSettings([f"{file}:{line}:{column}: not UTF-8; save the file as UTF-8"]) from None


def _syntax(error: str, text: str) -> tuple[Position, str]:
    place = _PLACE.search(error)
    message = _PLACE.sub("", error)
    if place and place[1]:
        return (int(place[1]), int(place[2])), message
    lines = text.split("\n")
    return (len(lines), len(lines[-1]) + 1), message
