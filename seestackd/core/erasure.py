"""What is to be forgotten of a person or a session, and how its trace is recognised without naming it."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any
from urllib.parse import quote

ID = ":id"
"""Stands in paths where an id was."""


class Subject(StrEnum):
    """Whose data goes: a session's, by fingerprint or session id, or a user's."""

    SESSION = "session"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One request to erase. `value` is known until it is done; `mark` recognises it in a restored backup."""

    uid: str
    project_id: int
    subject: Subject
    value: str | None
    mark: str
    asked_at: int
    erased_at: int | None = None
    rows: int = 0


def marked(uid: str, value: str) -> str:
    """Return what recognises a value later: SHA-256 with the erasure's id as its salt."""
    return hashlib.sha256(f"{uid}\0{value}".encode()).hexdigest()


def recognises(erasure: Erasure, value: str) -> bool:
    """Tell whether an erasure was about this value."""
    return hmac.compare_digest(erasure.mark, marked(erasure.uid, value))


def spellings(name: str) -> tuple[str, ...]:
    """Return how a name may be written in a path: as it is, and escaped."""
    escaped = quote(name, safe="", errors="replace")
    lower = re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), escaped)
    return tuple(dict.fromkeys((name, escaped, lower)))


def without(path: str, name: str) -> str:
    """Return a path with `:id` for each place that is this name, and not a part of a longer word."""
    return _places(name).sub(ID, path)


@lru_cache(maxsize=1)
def _places(name: str) -> re.Pattern[str]:
    alternatives = []
    for spelling in spellings(name):
        before = r"(?:(?<![0-9A-Za-z])|(?<=%[0-9A-Fa-f]{2}))" if spelling[:1].isalnum() else ""
        alternatives.append(before + re.escape(spelling) + (r"(?![0-9A-Za-z])" if spelling[-1:].isalnum() else ""))
    return re.compile("|".join(alternatives))


def told_without(facts: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the facts of an alert or incident, with `:id` for the name in the paths that they tell."""
    told = dict(facts)
    requests = facts.get("requests")
    if requests and requests.get("first_error"):
        error = requests["first_error"]
        told["requests"] = {**requests, "first_error": {**error, "what": without(error["what"], name)}}
    if facts.get("slow"):
        told["slow"] = [{**each, "name": without(each["name"], name)} for each in facts["slow"]]
    return told
