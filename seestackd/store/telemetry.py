"""What operations may ask of HTTP requests and their sums; instants are ms UTC, windows `since <= at < until`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from seestackd.core.telemetry import Endpoint, HttpRequest, Latencies, Tally
from seestackd.store.listings import Page


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests are listed; None leaves it open.

    `status` is the first digit of the code (0: no answer), `path` a part of it in any case, `:id` included.
    """

    outbound: bool | None = None
    method: str | None = None
    status: int | None = None
    host: str | None = None
    path: str | None = None
    user_id: str | None = None

    @property
    def is_searched(self) -> bool:
        """Whether sums cannot tell how many there are."""
        return self.path is not None or self.user_id is not None


class Summed(NamedTuple):
    """What one endpoint, direction or stretch of time sums up to."""

    tally: Tally
    latencies: Latencies


class Telemetry(Protocol):
    def forget(self) -> None:
        """Drop what is remembered of endpoints, which have changed."""
        ...

    def append(self, project_id: int, rows: Sequence[HttpRequest]) -> None: ...
    def between(self, project_id: int, since: int, until: int, limit: int) -> list[HttpRequest]:
        """Return requests of the window, the newest first."""
        ...

    def by_trace(self, project_id: int, trace_id: str, limit: int) -> list[tuple[int, HttpRequest]]:
        """Return the requests of one trace with their ids, the oldest first; of a huge trace those that came first."""
        ...

    def listed(
        self, project_id: int, since: int, until: int, wanted: Wanted, page: Page
    ) -> tuple[list[tuple[int, HttpRequest]], int]:
        """Return a page of the window with ids, the newest first, and how many there are.

        A search looks at the newest 50,000 requests of the window and counts among them.
        """
        ...


class Rollups(Protocol):
    def behind(self) -> int:
        """Return how many stored requests are in no sum yet."""
        ...

    def advance(self, limit: int, at: int) -> int:
        """Add the next requests to the sums and return how many."""
        ...

    def tidy(self, at: int, limit: int) -> None:
        """Drop sums that have been kept long enough, and what points to requests that are gone."""
        ...

    def directions(self, project_id: int, since: int, until: int) -> dict[bool, Summed]:
        """Return sums of a window by direction; True is outbound."""
        ...

    def endpoints(self, project_id: int, since: int, until: int, at: int) -> list[tuple[Endpoint, Summed]]:
        """Return sums of a window by endpoint; `at` is now."""
        ...

    def series(self, project_id: int, since: int, step: int, count: int) -> list[Summed]:
        """Return sums of `count` stretches of `step` ms in a row: whole minutes below one hour, else whole hours."""
        ...
