"""What `seestackd doctor` looks at."""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How a check ended: fine, worth a thought, or broken."""

    FINE = "✓"
    NOTE = "!"
    BROKEN = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and what mends it; `fix` is empty when there is nothing to mend."""

    check: str
    mark: Mark
    says: str
    fix: str = ""


def fine(check: str, says: str) -> Finding:
    return Finding(check, Mark.FINE, says)


def note(check: str, says: str, fix: str) -> Finding:
    return Finding(check, Mark.NOTE, says, fix)


def broken(check: str, says: str, fix: str) -> Finding:
    return Finding(check, Mark.BROKEN, says, fix)
