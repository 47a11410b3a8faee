"""What uptime, the status page and badges may ask of the store: never more than the incidents of a stretch."""

from typing import Protocol

from seestackd.core.monitor import Monitor, State
from seestackd.core.uptime import Trouble


class Uptime(Protocol):
    def troubles(self, project_id: int, since: int, until: int) -> list[Trouble]:
        """Return what touches `since <= t < until` of all monitors of a project, oldest first."""
        ...

    def troubles_of(self, monitor_id: int, since: int, until: int) -> list[Trouble]:
        """Return what touches `since <= t < until` of one monitor, oldest first."""
        ...

    def public(self, project_id: int) -> list[tuple[Monitor, State]]:
        """Return the public monitors that are not archived, ordered by slug."""
        ...

    def tagged(self, project_id: int, tag: str) -> list[tuple[Monitor, State]]:
        """Return the monitors with a tag that are not archived, ordered by slug."""
        ...

    def count_public(self, project_id: int) -> int:
        """Return how many monitors are public and not archived."""
        ...

    def tags(self, project_id: int) -> list[str]:
        """Return every tag of the monitors that are not archived, in order."""
        ...
