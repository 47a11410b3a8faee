"""A file with monitors in it, as tables of `[monitors.<slug>]`: seestackd's own TOML, or another service's list."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seestackd.cli.failures import Failure

if TYPE_CHECKING:
    from seestackd.core.foreign import Entry
    from seestackd.settings.reading import Reading

KINDS = ("toml", "healthchecks", "cronitor")
MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Listed:
    """What a file lists: the tables, where each value comes from, and the entries of another service's list."""

    reading: "Reading"
    entries: "tuple[Entry, ...]" = ()


def listed(file: Path, kind: str | None) -> Listed:
    """Read a file of a kind, or of the kind that it looks like. Raises BadSettings with all problems, Failure."""
    from seestackd.settings.reading import Reading

    if kind == "toml" or (kind is None and file.suffix == ".toml"):
        reading = Reading(os.environ, credentials=False)
        reading.read([file])
        return Listed(reading)
    document = _document(file)
    kind = kind or _kind(document)
    if kind is None:
        raise Failure(
            f"{file} is no list of Healthchecks or Cronitor: neither checks, monitors nor jobs are in it; name the kind"
            f" with --from {'|'.join(KINDS)}"
        )
    return _foreign(file, kind, document)


def _document(file: Path) -> Any:
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise Failure(
            f"cannot read {file}: {error.strerror}; name a file that export or another service made"
        ) from None
    if len(content) > MAX_BYTES:
        raise Failure(f"{file} is larger than {MAX_BYTES // 2**20} MiB; split it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Failure(f"{file} is not UTF-8; save it as UTF-8") from None
    try:
        return _json(file, text) if text.lstrip()[:1] in ("{", "[") else _yaml(file, text)
    except RecursionError:
        raise Failure(f"{file} is nested too deeply to be a list of monitors") from None


def _json(file: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        raise Failure(f"{file}:{line}:{column}: {getattr(error, 'msg', error)}; correct the JSON") from None


def _yaml(file: Path, text: str) -> Any:
    import yaml

    try:
        # Both loaders make plain values only; the one in C is built with most, and ten times as fast.
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (yaml.YAMLError, ValueError) as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or "cannot be read"
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise Failure(
            f"{file}{place}: {problem}; correct the YAML, and put quotes around schedules that begin with * or @"
        ) from None


def _kind(document: Any) -> str | None:
    if isinstance(document, list):
        return "cronitor"
    if not isinstance(document, dict):
        return None
    if isinstance(document.get("checks"), list):
        return "healthchecks"
    return "cronitor" if document.keys() & {"monitors", "jobs", "heartbeats", "checks", "sites"} else None


def _foreign(file: Path, kind: str, document: Any) -> Listed:
    from seestackd.core.cronitor import read_monitors
    from seestackd.core.healthchecks import read_checks
    from seestackd.settings import BadSettings
    from seestackd.settings.reading import Reading

    problems: list[tuple[str, str]] = []
    if kind == "healthchecks":
        if not isinstance(document, dict) or not isinstance(document.get("checks"), list):
            raise Failure(f'{file}: checks: must be a list, as in the answer to GET /api/v3/checks/: {{"checks": […]}}')
        entries = read_checks(document, problems)
    elif isinstance(document, dict | list):
        entries = read_monitors(document, problems)
    else:
        raise Failure(f"{file}: monitors: must be a list, or tables as a cronitor.yaml has them")
    if problems:
        raise BadSettings([f"{file}: {where}: {sentence}" for where, sentence in problems])
    reading = Reading({}, credentials=False)
    for entry in entries:
        for name, said in entry.table.items():
            reading.put(("monitors", entry.slug, name), said.value, f"{file}: {said.called}")
    return Listed(reading, tuple(entries))
