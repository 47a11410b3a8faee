"""What is to be forgotten of a person or a session, and how its trace is recognised without naming it."""

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum


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
