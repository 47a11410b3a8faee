"""Operations on their way to the writer: what waits, in which order it runs, and who is told."""

import asyncio
import logging
import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from seestackd.store.interface import BatchLost, NeedsCare, StoreBroken, Transaction

log = logging.getLogger(__name__)

Tell = Callable[[Any, BaseException | None], None]
"""Takes the result, or else the error, on the event loop."""

MAX_COLLECTED = 512


@dataclass(slots=True)
class Job:
    """One operation that was asked for at `at` (ms UTC); `bulk` takes the writer longer than a ping does.

    What is `derived` follows from what is stored, and is made again if it is lost.
    """

    operation: Callable[[Transaction, Any, int], Any]
    command: Any
    at: int
    judgement: bool
    tell: Tell | None = None
    result: Any = None
    error: BaseException | None = None
    bulk: bool = False
    derived: bool = False


def in_order(batch: list[Job], horizon: int) -> list[Job]:
    """Return the batch with its judgements last, none of them later than the horizon."""
    judgements = [job for job in batch if job.judgement]
    if not judgements:
        return batch
    for job in judgements:
        job.at = min(job.at, horizon)
    return [job for job in batch if not job.judgement] + judgements


def attempt(job: Job, within: Callable[[Callable[[Transaction], Any]], Any]) -> None:
    """Run a job within a session's `attempt`, and keep its result, or the error that is its own."""
    job.result, job.error = None, None
    try:
        job.result = within(lambda tx: job.operation(tx, job.command, job.at))
    except (BatchLost, NeedsCare, StoreBroken):
        raise
    except Exception as error:
        job.error = error


def settle(waiter: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    """Give a future its result or error, unless nobody waits any more."""
    if waiter.done():
        return
    if error is not None:
        waiter.set_exception(error)
    else:
        waiter.set_result(result)


def tell_all(batch: Sequence[Job], watcher: Callable[[object, object], None] | None) -> None:
    """Tell whoever asked for a job how it went, and the watcher of those that went well."""
    for job in batch:
        # One that cannot be told must not leave its batch unanswered.
        try:
            if watcher is not None and job.error is None:
                watcher(job.command, job.result)
            if job.tell is not None:
                job.tell(job.result, job.error)
        except Exception:
            log.exception("a result could not be handed over")


class JobQueue:
    """Takes jobs on the event loop, and gives them to the writer thread all that came in one turn of the loop at once.

    Every hand-over between the threads costs more than a ping's own work.
    """

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._collected: list[Job] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pings_put = self._pings_taken = 0

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take jobs from this loop from now on."""
        self._loop = loop

    def put(self, job: Job) -> None:
        """Take a job, on the event loop."""
        if not self._collected:
            assert self._loop is not None
            self._loop.call_soon(self._pass_on)
        self._collected.append(job)
        self._pings_put += not job.bulk
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

    @property
    def holds_pings(self) -> bool:
        """Whether anything else than bulk waits that was not told `apart`; for the writer thread."""
        return self._pings_put != self._pings_taken

    def take(self) -> list[Job] | None:
        """Wait for jobs, on the writer thread; None at the end."""
        return self._queue.get()

    def apart(self, batch: Sequence[Job]) -> tuple[list[Job], list[Job]]:
        """Return the bulk of a batch apart from the rest, which does not wait for it."""
        bulk = [job for job in batch if job.bulk]
        rest = [job for job in batch if not job.bulk] if bulk else list(batch)
        self._pings_taken += len(rest)
        return rest, bulk

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
