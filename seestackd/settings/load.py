"""Reads the settings and reports everything that is wrong with them at once."""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from seestackd.errors import Invalid
from seestackd.settings import environment
from seestackd.settings.alerting import SOURCES, ChannelSettings
from seestackd.settings.locate import Position, nearest, positions
from seestackd.settings.model import MAX_SOCKET_BYTES, Settings, default_database

SYSTEM_FILE = Path("/etc/seestackd/seestackd.toml")
MAX_FILE_BYTES = 4 * 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")

_EXPECTED = {
    "string_type": "must be a text; put it in quotes",
    "int_type": "must be a whole number; write it without quotes",
    "bool_type": "must be true or false, without quotes",
    "tuple_type": 'must be a list; write ["one", "two"]',
    "path_type": "must be a path; put it in quotes",
    "dict_type": "must be a table of tables; write [{key}.<name>]",
    "model_type": "must be a table; write [{key}]",
    "model_attributes_type": "must be a table; write [{key}]",
}


class BadSettings(Invalid):
    """The settings cannot be used; `problems` are whole lines `file:line:column: key: problem; next step`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(
    file: Path | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    data: Path | None = None,
    listen: str | None = None,
    credentials: bool = True,
) -> Settings:
    """Read the settings from `file` (else the system's, when it is there), the environment and the credentials.

    `data` (the folder of the database) and `listen` come from the command line, and win. Without `credentials` the URLs
    that only systemd's unit may read stay empty: commands beside the daemon have no use for them. Raises BadSettings
    with every problem found.
    """
    reading = _Reading(environ, credentials)
    if file is None and SYSTEM_FILE.exists():
        file = SYSTEM_FILE
    if file is not None:
        reading.read(file)
    reading.override()
    if data is not None:
        reading.put(("storage", "path"), str(data / "seestackd.db"), "--data")
    if listen is not None:
        reading.put(("server", "listen"), listen, "--listen")
    settings = reading.validated()
    if settings is None or reading.problems:
        raise BadSettings([line for _, line in sorted(reading.problems)])
    return settings


@dataclass
class _Reading:
    """One attempt to read the settings; `problems` are (where, line) in the order they are told."""

    environ: Mapping[str, str]
    credentials: bool = True
    file: Path | None = None
    raw: dict[str, Any] = field(default_factory=dict)
    places: dict[tuple[str, ...], Position] = field(default_factory=dict)
    origins: dict[tuple[str, ...], str] = field(default_factory=dict)
    problems: list[tuple[Position, str]] = field(default_factory=list)

    def read(self, file: Path) -> None:
        self.file = file
        try:
            text = _text(file)
            self.raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            at, message = _syntax(str(error), text)
            raise BadSettings([f"{file}:{at[0]}:{at[1]}: {message}; correct the TOML"]) from None
        self.places = positions(text)
        missing: list[tuple[tuple[str, ...], str]] = []
        self.raw = environment.expand_all(self.raw, self.environ, (), missing)
        for path, name in missing:
            self.complain(path, f"${{{name}}} is not set; set the variable, or write $${{{name}}} to mean the text")

    def override(self) -> None:
        channels = self.raw.get("channels")
        for variable, path, value in environment.overrides(
            self.environ, channels if isinstance(channels, dict) else {}
        ):
            if path is None:
                self.problems.append(((0, 0), f"environment: {variable}: no such setting; {value}"))
            else:
                self.put(path, value, f"environment: {variable}")

    def put(self, path: tuple[str, ...], value: Any, origin: str) -> None:
        """Set a value that does not come from the file; `origin` says in problems where it came from."""
        self.origins[path] = origin
        table = self.raw
        for name in path[:-1]:
            inner = table.setdefault(name, {})
            if not isinstance(inner, dict):
                return
            table = inner
        if path[0] == "channels" and path[-1] in SOURCES:
            for source in SOURCES:
                table.pop(source, None)
        table[path[-1]] = value

    def validated(self) -> Settings | None:
        monitors = self._monitors()
        self._names()
        rest = {key: value for key, value in self.raw.items() if key != "monitors"}
        if isinstance(storage := rest.setdefault("storage", {}), dict):
            storage.setdefault("path", str(default_database(self.environ)))
        context = {
            "folder": self.file and self.file.parent,
            "credentials": self.environ.get("CREDENTIALS_DIRECTORY"),
            "needed": self.credentials,
        }
        try:
            # In strict JSON mode lists become tuples and texts paths, and nothing else is converted.
            settings = Settings.model_validate_json(json.dumps(rest, default=_date), context=context)
        except ValidationError as error:
            for found in error.errors(include_url=False, include_input=False):
                path = tuple(str(part) for part in found["loc"] if not isinstance(part, int))
                self.complain(path, _message(path, found["type"], found.get("ctx", {}), found["msg"]))
            return None
        if len(os.fsencode(settings.socket_path)) > MAX_SOCKET_BYTES:
            self.complain(
                ("server", "socket"),
                f"{settings.socket_path} is too long; a socket's path has at most "
                f"{MAX_SOCKET_BYTES} bytes, choose a shorter one",
            )
        return settings.model_copy(update={"monitors": monitors})

    def complain(self, path: tuple[str, ...], message: str) -> None:
        key = ".".join(part if _NAME.fullmatch(part) else f'"{part}"' for part in path)
        origin = next((self.origins[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.origins), None)
        if origin:
            self.problems.append(((0, 0), f"{origin}: {message}"))
        elif self.file is None:
            self.problems.append(((0, 0), f"settings: {key}: {message}"))
        else:
            line, column = nearest(self.places, path)
            self.problems.append(((line, column), f"{self.file}:{line}:{column}: {key}: {message}"))

    def _monitors(self) -> dict[str, dict[str, Any]]:
        monitors = self.raw.get("monitors", {})
        if not isinstance(monitors, dict):
            self.complain(("monitors",), "must be a table of tables; write [monitors.<slug>]")
            return {}
        for slug, table in monitors.items():
            if not isinstance(table, dict):
                self.complain(("monitors", slug), f"must be a table; write [monitors.{slug}]")
        return monitors

    def _names(self) -> None:
        channels, wanted = self.raw.get("channels", {}), self.raw.get("default_channels", [])
        if not isinstance(channels, dict) or not isinstance(wanted, list):
            return
        for name in channels:
            if not _NAME.fullmatch(name):
                self.complain(
                    ("channels", name), "a channel's name has letters, digits, - and _, at most 64; rename it"
                )
        self._known(("default_channels",), wanted, channels)
        for name, table in channels.items():
            if isinstance(table, dict) and table.get("fallback"):
                self._known(("channels", name, "fallback"), [table["fallback"]], channels)
                if table["fallback"] == name:
                    self.complain(("channels", name, "fallback"), "is the channel itself; name another, or none")
        steps = self.raw.get("escalation", {})
        for after, names in steps.items() if isinstance(steps, dict) else ():
            self._known(("escalation", after), names if isinstance(names, list) else [], channels)

    def _known(self, path: tuple[str, ...], names: list[Any], channels: dict[str, Any]) -> None:
        for name in names:
            if isinstance(name, str) and name not in channels:
                near = get_close_matches(name, channels, 1)
                step = f'did you mean "{near[0]}"?' if near else f"add [channels.{name}] or take it off the list"
                self.complain(path, f'no channel "{name}" is defined; {step}')


def _date(_: object) -> dict[str, Any]:
    """Stand in for a TOML date, which is nothing that any setting takes."""
    return {}


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
        return content.decode()
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


def _message(path: tuple[str, ...], kind: str, context: dict[str, Any], text: str) -> str:
    """Say what is wrong and what to do next, without the value: it may be a secret."""
    if kind == "extra_forbidden":
        return f"unknown key; {_nearest_key(path)}"
    if kind in _EXPECTED:
        return _EXPECTED[kind].replace("{key}", ".".join(path))
    if kind == "greater_than_equal":
        return f"must be at least {context['ge']}; raise it"
    if kind == "less_than_equal":
        return f"must be at most {context['le']}; lower it"
    return text


def _nearest_key(path: tuple[str, ...]) -> str:
    table: Any = Settings
    for name in path[:-1]:
        table = table.model_fields[name].annotation if name in table.model_fields else ChannelSettings
        if not (isinstance(table, type) and issubclass(table, BaseModel)):
            table = ChannelSettings
            break
    known = list(table.model_fields)
    near = get_close_matches(path[-1], known, 1)
    return f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(known)}"
