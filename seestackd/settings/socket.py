"""Where the command line finds the daemon, told without validating everything: that takes longer than most commands."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seestackd.settings.files import SYSTEM_FILE, BadSettings, default_database, files_of

_SAID = (("server", "socket"), ("storage", "path"))


def socket_of(file: Path | None, data: Path | None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the unix socket that the whole settings would name; None where only they can tell, or complain."""
    try:
        said = _said(files_of(file, SYSTEM_FILE))
    except (BadSettings, OSError, ValueError):
        return None
    said |= {path: environ[name] for path in _SAID if (name := _variable(path)) in environ}
    if data is not None:
        said["storage", "path"] = str(data / "seestackd.db")
    if not all(isinstance(value, str) and value and "$" not in value for value in said.values()):
        return None
    socket, database = (said.get(path) for path in _SAID)
    try:
        if socket is not None:
            return Path(socket).expanduser()
        return Path(database or default_database(environ)).expanduser().with_name("seestackd.sock")
    except (RuntimeError, ValueError):
        return None


def _said(files: list[Path]) -> dict[tuple[str, str], Any]:
    """Return what the files say of the socket and the database. Raises OSError, ValueError when it is said twice."""
    said: dict[tuple[str, str], Any] = {}
    for file in files:
        raw = tomllib.loads(file.read_text("utf-8"))
        for table, key in _SAID:
            found = raw.get(table, {})
            if not isinstance(found, dict) or (key in found and (table, key) in said):
                raise ValueError(table)
            if key in found:
                said[table, key] = found[key]
    return said


def _variable(path: tuple[str, str]) -> str:
    return "SEESTACKD_" + "__".join(path).upper()
