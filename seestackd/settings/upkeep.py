"""What is kept and for how long: copies of the database, and rows by kind."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from seestackd.core.durations import parse_duration
from seestackd.core.retention import Kind
from seestackd.settings.tables import Table, duration_ms, problem

DAY_MS = 86_400_000
MAX_KEPT_MS = 3660 * DAY_MS
MAX_MB = 10_000_000
MIN_EVERY_MS = 3_600_000


def _every(text: str) -> str:
    if duration_ms(text, "every", 366 * DAY_MS, "1d") < MIN_EVERY_MS:
        raise problem("must be at least an hour; write for example 1d")
    return text


def _kept(text: str) -> str:
    if duration_ms(text, "retention", MAX_KEPT_MS, "90d") < DAY_MS:
        raise problem("must be at least a day; write for example 90d")
    return text


class Backup(Table):
    """Copies that the daemon takes by itself; none without a directory."""

    directory: Annotated[Path | None, BeforeValidator(lambda text: None if text == "" else text)] = None
    every: Annotated[str, AfterValidator(_every)] = "1d"
    keep: int = Field(default=7, ge=1, le=1000)

    @property
    def every_ms(self) -> int:
        return parse_duration(self.every)

    @model_validator(mode="before")
    @classmethod
    def _beside_the_file(cls, table: Any, info: ValidationInfo) -> Any:
        """Let a relative directory begin at the settings file."""
        if not isinstance(table, dict) or not isinstance(table.get("directory"), str) or not table["directory"]:
            return table
        folder = Path((info.context or {}).get("folder") or ".")
        return {**table, "directory": str(folder / Path(table["directory"]).expanduser())}


Kept = Annotated[str, AfterValidator(_kept)]


class Retention(Table):
    """How long rows of a kind are kept; pings with their runs and outputs."""

    pings: Kept = "90d"
    requests: Kept = "14d"
    replay: Kept = "7d"
    ledger: Kept = "400d"
    incidents: Kept = "400d"
    blind: Kept = "400d"
    outbox: Kept = "90d"
    audit: Kept = "400d"
    max_requests_mb: int = Field(default=0, ge=0, le=MAX_MB)
    max_replay_mb: int = Field(default=0, ge=0, le=MAX_MB)

    @property
    def kept_ms(self) -> Mapping[Kind, int]:
        return {kind: parse_duration(getattr(self, kind.value)) for kind in Kind}

    @property
    def most_bytes(self) -> Mapping[Kind, int]:
        """How much of a kind each project may store; what has no limit is missing."""
        limits = {Kind.REQUESTS: self.max_requests_mb, Kind.REPLAY: self.max_replay_mb}
        return {kind: megabytes * 1_000_000 for kind, megabytes in limits.items() if megabytes}
