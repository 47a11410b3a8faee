"""What was refused at the door: counted, and told in a line every ten seconds at most, whatever the flood."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping

log = logging.getLogger(__name__)

EVERY_S = 10.0
_TOLD = {
    "400": "not valid HTTP or JSON",
    "401": "no key or a wrong one",
    "403": "a key for something else",
    "408": "a body that did not come in time",
    "413": "a body too large",
    "slow_head": "a request that did not come in time",
    "crowded": "too many connections without a key",
}


class Complaints:
    """Counts refusals by reason: a status, `slow_head` or `crowded`. Neither keys nor paths nor headers are kept."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._untold: Counter[str] = Counter()
        self._last_from = ""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def counts(self) -> Mapping[str, int]:
        """How many there have been, by reason."""
        return self._counts

    def note(self, reason: str, source: str | None, times: int = 1) -> None:
        """Count a refusal; the first is told at once, later ones together."""
        self._counts[reason] += times
        if reason not in _TOLD:
            return
        self._untold[reason] += times
        self._last_from = source or self._last_from
        if self._timer is None:
            self._tell()

    def close(self) -> None:
        """Tell what is left."""
        if self._timer is not None:
            self._timer.cancel()
            self._tell(again=False)

    def _tell(self, *, again: bool = True) -> None:
        self._timer = None
        if not self._untold:
            return
        told = ", ".join(f"{count:,} x {_TOLD[reason]}" for reason, count in self._untold.most_common())
        log.warning("refused: %s%s", told, f"; last from {self._last_from}" if self._last_from else "")
        self._untold.clear()
        if again:
            self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._tell)
