"""The rows that make up the sums of a window: whole hours and minutes that are summed already, and single requests."""

from dataclasses import dataclass
from typing import Any

from seestackd.core.rollups import Parts
from seestackd.store.sqlite.request_rows import BUCKET, COUNTED, EACH

MINUTES, HOURS, ENDPOINT_MINUTES, ENDPOINT_HOURS = 1, 2, 3, 4
"""Levels of sums (m006_telemetry.py)."""

_NAMES = ", ".join(COUNTED)
_SUMMED = "(SELECT summed FROM request_progress)"


@dataclass(frozen=True, slots=True)
class Source:
    """What is summed: counts or latencies, by `key` (of a sum's row) or `key_of_one` (of a request `r`, endpoint `e`).

    `where` and `where_one` leave some of them.
    """

    key: str
    key_of_one: str
    of_endpoints: bool = False
    latencies: bool = False
    where: str = ""
    where_one: str = ""

    @property
    def _table(self) -> str:
        return "request_latencies" if self.latencies else "request_counts"

    @property
    def _columns(self) -> str:
        return "bucket, requests" if self.latencies else _NAMES

    @property
    def _each(self) -> str:
        return f"{BUCKET} AS bucket, 1 AS requests" if self.latencies else EACH

    def rows(self, project_id: int, parts: Parts, since: int, until: int) -> tuple[str, dict[str, Any]]:
        """Return a query of (key, counted columns) rows and its values."""
        values: dict[str, Any] = {"project": project_id, "since": since, "until": until}
        hours, minutes = (ENDPOINT_HOURS, ENDPOINT_MINUTES) if self.of_endpoints else (HOURS, MINUTES)
        pieces: list[str] = []
        for level, (first, last) in [(hours, parts.hours), *((minutes, stretch) for stretch in parts.minutes)]:
            number = len(pieces)
            values |= {f"first{number}": first, f"last{number}": last}
            key = self.key.format(unit=60 if level in (MINUTES, ENDPOINT_MINUTES) else 1)
            pieces.append(
                f"SELECT {key} AS key, {self._columns} FROM {self._table} c WHERE level = {level}"
                f" AND project_id = :project AND since >= :first{number} AND since < :last{number} {self.where}"
            )
        one = f"SELECT {self.key_of_one} AS key, {self._each} FROM http_requests r"
        joined = "CROSS JOIN request_endpoints e ON e.id = r.endpoint_id"
        for first, last in parts.rest:
            number = len(pieces)
            values |= {f"first{number}": first, f"last{number}": last}
            pieces.append(
                f"{one} INDEXED BY http_requests_at {joined} WHERE r.project_id = :project AND r.at >= :first{number}"
                f" AND r.at < :last{number} AND r.id <= {_SUMMED} {self.where_one}"
            )
        pieces.append(
            f"{one} NOT INDEXED {joined} WHERE r.id > {_SUMMED} AND r.project_id = :project AND r.at >= :since"
            f" AND r.at < :until {self.where_one}"
        )
        return " UNION ALL ".join(pieces), values
