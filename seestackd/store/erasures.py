"""What is to be erased, and erasing it so that no byte stays in the file or its log."""

from typing import Protocol

from seestackd.core.erasure import Erasure
from seestackd.store.listings import Page


class Erasures(Protocol):
    """Steps are small: pings pass between them. Each returns how many rows (or MiB) it took, 0 at its end."""

    def ask(self, erasure: Erasure) -> None: ...
    def waiting(self) -> Erasure | None:
        """Return the oldest erasure that has rows to look for."""
        ...

    def known(self, uid: str) -> bool: ...
    def listed(self, project_id: int, page: Page) -> list[Erasure]: ...
    def count(self, project_id: int) -> int: ...
    def all(self) -> list[Erasure]:
        """Return the log of all that was ever asked."""
        ...

    def erase_batches(self, erasure: Erasure) -> int:
        """Delete some batches of replays; with the last of them their sessions go."""
        ...

    def erase_requests(self, erasure: Erasure) -> int:
        """Look at the next HTTP requests, and delete those of the user; returns how far it came.

        Afterwards it takes the user's id out of the paths of other requests, of endpoints, and of what alerts told.
        """
        ...

    def scrub(self) -> int:
        """Overwrite some of the room that was free already: older copies may lie there."""
        ...

    def log_is_empty(self) -> bool:
        """Tell whether the write-ahead log has been emptied since the last step; if not, try after the commit."""
        ...

    def forget(self, erasure: Erasure) -> None:
        """Forget what the erasure was about: its rows are gone."""
        ...

    def unclean(self) -> bool:
        """Tell whether rows are gone whose traces are not."""
        ...

    def done(self, at: int) -> None:
        """Note that nothing is left of what was to be erased."""
        ...

    def names(self, project_id: int) -> list[str]:
        """Return all fingerprints, session ids and user ids of a project, and what its endpoints' paths are made of."""
        ...
