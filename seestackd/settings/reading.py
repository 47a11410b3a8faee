"""Reads the settings and reports everything that is wrong with them at once."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from seestackd.settings import environment
from seestackd.settings.alerting import SOURCES, ChannelSettings
from seestackd.settings.files import SYSTEM_FILE, BadSettings, Place, default_database, files_of, nearest, read_files
from seestackd.settings.model import MAX_SOCKET_BYTES, Settings

Position = tuple[int, int, int]

OUTSIDE = (-1, 0, 0)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

_EXPECTED = {
    "string_type": "must be a text; put it in quotes",
    "float_type": "must be a number; write it without quotes",
    "int_type": "must be a whole number; write it without quotes",
    "bool_type": "must be true or false, without quotes",
    "tuple_type": 'must be a list; write ["one", "two"]',
    "path_type": "must be a path; put it in quotes",
    "dict_type": "must be a table of tables; write [{key}.<name>]",
    "model_type": "must be a table; write [{key}]",
    "model_attributes_type": "must be a table; write [{key}]",
}


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
    return read(file, environ=environ, data=data, listen=listen, credentials=credentials).finished()


def read(
    file: Path | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    data: Path | None = None,
    listen: str | None = None,
    credentials: bool = True,
) -> "Reading":
    """Read the settings like `load`, and leave open what else is to be complained of. Raises BadSettings for files."""
    reading = Reading(environ, credentials)
    if files := files_of(file, SYSTEM_FILE):
        reading.folder = (file or SYSTEM_FILE).parent
        reading.read(files)
    reading.override()
    if data is not None:
        reading.put(("storage", "path"), str(data / "seestackd.db"), "--data")
    if listen is not None:
        reading.put(("server", "listen"), listen, "--listen")
    reading.settings = reading.validated()
    return reading


@dataclass
class Reading:
    """One attempt to read the settings; `problems` are (where, line) in the order they are told.

    `settings` is None when they cannot be used. Relative paths begin at `folder`.
    """

    environ: Mapping[str, str]
    credentials: bool = True
    settings: Settings | None = None
    folder: Path | None = None
    files: list[Path] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)
    places: dict[tuple[str, ...], Place] = field(default_factory=dict)
    origins: dict[tuple[str, ...], str] = field(default_factory=dict)
    problems: list[tuple[Position, str]] = field(default_factory=list)

    def finished(self) -> Settings:
        """Return the settings. Raises BadSettings with every problem found."""
        if self.settings is None or self.problems:
            raise BadSettings([line for _, line in sorted(self.problems)])
        return self.settings

    def read(self, files: list[Path]) -> None:
        self.files = files
        said = read_files(files)
        self.places = said.places
        self.problems += [((place.number, place.line, place.column), line) for place, line in said.duplicates]
        missing: list[tuple[tuple[str, ...], str]] = []
        self.raw = environment.expand_all(said.raw, self.environ, (), missing)
        for path, name in missing:
            self.complain(path, f"${{{name}}} is not set; set the variable, or write $${{{name}}} to mean the text")

    def override(self) -> None:
        channels = self.raw.get("channels")
        for variable, path, value in environment.overrides(
            self.environ, channels if isinstance(channels, dict) else {}
        ):
            if path is None:
                self.problems.append((OUTSIDE, f"environment: {variable}: no such setting; {value}"))
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
        monitors = self.check_monitors()
        self._names()
        rest = {key: value for key, value in self.raw.items() if key != "monitors"}
        if isinstance(storage := rest.setdefault("storage", {}), dict):
            storage.setdefault("path", str(default_database(self.environ)))
        context = {
            "folder": self.folder,
            "credentials": self.environ.get("CREDENTIALS_DIRECTORY"),
            "needed": self.credentials,
        }
        try:
            # In strict JSON mode lists become tuples and texts paths, and nothing else is converted.
            settings = Settings.model_validate_json(json.dumps(rest, default=_date), context=context)
        except ValidationError as error:
            for found in error.errors(include_url=False, include_input=False):
                path = tuple(str(part) for part in found["loc"] if not isinstance(part, int))
                self.complain(path, message(path, dict(found), _known_keys(path)))
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
            self.problems.append((OUTSIDE, f"{origin}: {message}"))
        elif not self.files:
            self.problems.append((OUTSIDE, f"settings: {key}: {message}"))
        else:
            place = nearest(self.places, path, self.files[0])
            self.problems.append(((place.number, place.line, place.column), f"{place}: {key}: {message}"))

    def check_monitors(self) -> dict[str, dict[str, Any]]:
        """Return the raw tables of monitors, and complain of what is no table."""
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
        report = self.raw.get("monthly_report", [])
        self._known(("monthly_report",), report if isinstance(report, list) else [], channels)
        for name, table in channels.items():
            if isinstance(table, dict) and table.get("fallback"):
                self._known(("channels", name, "fallback"), [table["fallback"]], channels)
                if table["fallback"] == name:
                    self.complain(("channels", name, "fallback"), "is the channel itself; name another, or none")
        rules = self.raw.get("alert_rules", {})
        through = rules.get("mail_through") if isinstance(rules, dict) else None
        if through:
            self._known(("alert_rules", "mail_through"), [through], channels)
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


def message(path: tuple[str, ...], found: Mapping[str, Any], known: list[str]) -> str:
    """Say what pydantic has `found`, and what to do next, without the value: it may be a secret."""
    kind, context = found["type"], found.get("ctx", {})
    if kind == "extra_forbidden":
        near = get_close_matches(path[-1], known, 1)
        return f'unknown key; did you mean "{near[0]}"?' if near else f"unknown key; known here: {', '.join(known)}"
    if kind in _EXPECTED:
        return _EXPECTED[kind].replace("{key}", ".".join(path))
    if kind == "greater_than_equal":
        return f"must be at least {context['ge']}; raise it"
    if kind == "less_than_equal":
        return f"must be at most {context['le']}; lower it"
    return str(found["msg"])


def _known_keys(path: tuple[str, ...]) -> list[str]:
    table: Any = Settings
    for name in path[:-1]:
        table = table.model_fields[name].annotation if name in table.model_fields else ChannelSettings
        if not (isinstance(table, type) and issubclass(table, BaseModel)):
            table = ChannelSettings
            break
    return list(table.model_fields)
