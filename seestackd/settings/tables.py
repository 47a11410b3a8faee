"""What every table of the settings has in common: strict types, clear problems, secrets that stand elsewhere."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo
from pydantic_core import PydanticCustomError

from seestackd.core.durations import parse_duration
from seestackd.errors import Invalid

MAX_SECRET_BYTES = 64 * 1024


def problem(message: str) -> PydanticCustomError:
    """Return a validation error that says just this."""
    # The message goes in as a value: a brace in it is not a placeholder.
    return PydanticCustomError("setting", "{message}", {"message": message})


class Table(BaseModel):
    """A table that refuses unknown keys and wrong types."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


def duration_ms(text: str, name: str, most_ms: int, example: str) -> int:
    """Return a duration in milliseconds; raises a validation error when it is none or too long."""
    try:
        length = parse_duration(text, name)
    except Invalid as error:
        raise problem(error.message) from None
    if length > most_ms:
        raise problem(f"must be {in_words(most_ms)} at most; write for example {example}")
    return length


def in_words(length_ms: int) -> str:
    """Return a limit as people say it."""
    days, minutes = length_ms // 86_400_000, length_ms // 60_000
    return f"{days} days" if days else f"{minutes} minutes"


def with_url(table: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    """Add the URL that a file or a credential holds; `info.context` names the folders to look in."""
    context = info.context or {}
    if isinstance(name := table.get("url_file"), str):
        return {**table, "url": _secret(Path(context.get("folder") or ".") / Path(name).expanduser())}
    if isinstance(name := table.get("url_credential"), str):
        folder = context.get("credentials")
        return {**table, "url": _credential(name, folder)} if folder or context.get("needed", True) else table
    return table


def _credential(name: str, folder: str | None) -> str:
    if not folder:
        raise problem("url_credential needs systemd; start it as a unit with LoadCredential=, or use url_file instead")
    if "/" in name or name in ("", ".", ".."):
        raise problem("url_credential is a credential's name, without slashes")
    return _secret(Path(folder) / name)


def _secret(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise problem(f"cannot read {path}: {error.strerror}; create it with the URL in it") from None
    try:
        text = content.decode().strip()
    except UnicodeDecodeError:
        text = ""
    if not text or len(content) > MAX_SECRET_BYTES or len(text.split()) > 1:
        raise problem(f"{path} must hold one URL and nothing else")
    return text
