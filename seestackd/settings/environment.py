"""SEESTACKD_… variables and ${VAR} in strings: what the environment adds to the file."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_origin

from pydantic import BaseModel

from seestackd.settings.alerting import ChannelSettings
from seestackd.settings.model import Settings

PREFIX = "SEESTACKD_"
FOR_JOBS = frozenset({"SEESTACKD_PING_KEY", "SEESTACKD_URL", "SEESTACKD_SPOOL", "SEESTACKD_TRACE_ID"})
"""What `seestackd run`, `ping` and `spool` read, or give to the job: no settings of the daemon's."""

Path = tuple[str, ...]
_VARIABLE = re.compile(r"\$(?:\$|\{([^}]*)\})")


class Undefined(Exception):
    """A string names a variable that is not set."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Replace ${VAR} by the variable's value and $$ by a dollar sign; raises Undefined."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return "$"
        if name not in environ:
            raise Undefined(name)
        return environ[name]

    return _VARIABLE.sub(value, text)


def expand_all(value: Any, environ: Mapping[str, str], path: Path, missing: list[tuple[Path, str]]) -> Any:
    """Expand every string in a parsed file; what is not set is added to `missing` as (path, variable)."""
    if isinstance(value, str):
        try:
            return expand(value, environ)
        except Undefined as error:
            missing.append((path, error.name))
            return value
    if isinstance(value, list):
        return [expand_all(item, environ, path, missing) for item in value]
    if isinstance(value, dict):
        return {key: expand_all(item, environ, (*path, key), missing) for key, item in value.items()}
    return value


def overrides(environ: Mapping[str, str], channels: Mapping[str, Any]) -> Iterator[tuple[str, Path | None, Any]]:
    """Yield (variable, path of the setting, value) for each SEESTACKD_ variable; None for the path: there is none."""
    known = dict(_settings(Settings, ()))
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable in FOR_JOBS:
            continue
        path = tuple(variable.removeprefix(PREFIX).lower().split("__"))
        if path in known:
            yield variable, path, _value(environ[variable], known[path])
        elif len(path) == 3 and path[0] == "channels" and path[2] in ChannelSettings.model_fields:
            value = _value(environ[variable], ChannelSettings.model_fields[path[2]].annotation)
            yield variable, ("channels", _channel(path[1], channels), path[2]), value
        else:
            yield variable, None, suggestion(variable, list(known))


def suggestion(variable: str, known: list[Path]) -> str:
    """Return the nearest variable that means something, or how one is written."""
    names = [PREFIX + "__".join(path).upper() for path in known]
    near = get_close_matches(variable.upper(), names, 1, 0.75)
    return f"did you mean {near[0]}?" if near else f"unset it, or write one like {PREFIX}SERVER__LISTEN"


def _settings(model: type[BaseModel], path: Path) -> Iterator[tuple[Path, Any]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _settings(kind, (*path, name))
        elif get_origin(kind) is not dict:
            yield (*path, name), kind


def _channel(name: str, channels: Mapping[str, Any]) -> str:
    """Return the file's channel that the variable means: no variable can hold a dash or a small letter."""
    for existing in channels:
        if existing.lower().replace("-", "_") == name:
            return existing
    return name.replace("_", "-")


def _value(text: str, kind: Any) -> Any:
    if get_origin(kind) is tuple:
        if text.lstrip().startswith("["):
            return _toml(text)
        return [item.strip() for item in text.split(",") if item.strip()]
    return _toml(text) if kind in (int, bool, float) else text


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
