"""Which sessions are wanted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of a list of sessions; None asks for nothing.

    `url` is a part of an address that was visited, whatever its case; `since <= last event < until` in ms UTC.
    """

    has_error: bool | None = None
    url: str | None = None
    user_id: str | None = None
    least_ms: int | None = None
    since: int | None = None
    until: int | None = None
