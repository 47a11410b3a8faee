"""What ends a command badly: an exit code and a sentence with the next step."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIG = 3
    UNREACHABLE = 4
    TROUBLE = 5


class Failure(Exception):
    """Ends the command with a message on stderr."""

    def __init__(self, message: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.code = code


def next_step(error: Exception) -> str:
    """Say what to do about a database that cannot be used."""
    if getattr(error, "sqlite_errorname", "") in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
        return "is it a seestackd database?"
    return "is the disk full, or read-only? see: seestackd doctor"
