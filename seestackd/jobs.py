"""Operations on their way to the writer: what waits, in which order it runs, and who is told."""

import asyncio
import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from seestackd.store.interface import Transaction

Tell = Callable[[Any, BaseException | None], None]
"""Takes the result, or else the error, on the event loop."""

MAX_COLLECTED = 512


@dataclass(slots=True)
class Job:
    """One operation that was asked for at `at` (ms UTC); `bulk` takes the writer longer than a ping does."""

    operation: Callable[[Transaction, Any, int], Any]
    command: Any
    at: int
    judgement: bool
    tell: Tell | None = None
    result: Any = None
    error: BaseException | None = None
    bulk: bool = False


def in_order(batch: Sequence[Job], horizon: int) -> Sequence[Job]:
    """Return the batch with its judgements last, none of them later than the horizon."""
    judgements = [job for job in batch if job.judgement]
    if not judgements:
        return batch
    for job in judgements:
        job.at = min(job.at, horizon)
    return [job for job in batch if not job.judgement] + judgements


def apart(batch: Sequence[Job]) -> list[Sequence[Job]]:
    """Return a batch in the parts that have a transaction each: pings do not wait for the bulk that came with them."""
    bulk = [job for job in batch if job.bulk]
    if not bulk or len(bulk) == len(batch):
        return [batch]
    return [[job for job in batch if not job.bulk], bulk]


class JobQueue:
    """Takes jobs on the event loop, and gives them to the writer thread all that came in one turn of the loop at once.

    Every hand-over between the threads costs more than a ping's own work.
    """

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._collected: list[Job] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take jobs from this loop from now on."""
        self._loop = loop

    def put(self, job: Job) -> None:
        """Take a job, on the event loop."""
        if not self._collected:
            assert self._loop is not None
            self._loop.call_soon(self._pass_on)
        self._collected.append(job)
        if len(self._collected) >= MAX_COLLECTED:
            self._pass_on()

    def end(self) -> None:
        """Have `take` say that no more comes."""
        self._pass_on()
        self._queue.put(None)

    def collected_at(self) -> int | None:
        """Return since when the oldest job waits that the writer cannot see yet."""
        collected = self._collected
        return collected[0].at if collected else None

    @property
    def empty(self) -> bool:
        """Whether the writer has all that was passed on."""
        return self._queue.empty()

    def take(self) -> list[Job] | None:
        """Wait for jobs, on the writer thread; None at the end."""
        return self._queue.get()

    def take_more(self, batch: list[Job], most: int) -> bool:
        """Add to the batch what has come meanwhile, until it has `most` jobs or more; True at the end."""
        while len(batch) < most:
            try:
                jobs = self._queue.get_nowait()
            except queue.Empty:
                break
            if jobs is None:
                return True
            batch += jobs
        return False

    def _pass_on(self) -> None:
        collected = self._collected
        if collected:
            # In this order: the writer always finds a job in one place or the other.
            self._queue.put(collected)
            self._collected = []
