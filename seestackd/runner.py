"""Runs operations: reads the clock, batches them into one transaction, commits, announces."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import TypeVar

from seestackd.clock import Clock
from seestackd.core.alerts import Routing
from seestackd.errors import Busy
from seestackd.feed import Feed
from seestackd.ids import uuid7
from seestackd.jobs import Job, JobQueue, Tell, attempt, in_order, settle, tell_all
from seestackd.refusals import Refusals, Waiting
from seestackd.store.interface import BatchLost, NeedsCare, Session, Store, StoreBroken, Transaction
from seestackd.syncing import Syncing

log = logging.getLogger(__name__)

Command = TypeVar("Command")
Result = TypeVar("Result")
Operation = Callable[[Transaction, Command, int], Result]

MAX_BATCH = 512
TELL_FAILURE_EVERY_MS = 60_000
BULK_S = 0.001
"""So long a transaction of bulk goes on before it makes way for pings; one job of it may take longer."""


def _prove(tx: Transaction, command: None, at: int) -> None:
    tx.set_meta("writes_taken_at", str(at))


class Runner:
    """The only way to change or read what is stored.

    `on_broken` is called, from any thread, when the store cannot be trusted or has no writer. `failing_because` says
    why the last commit failed, `begins_since` (monotonic seconds) since when the writer is kept from its transaction.
    """

    def __init__(self, store: Store, clock: Clock, feed: Feed, on_broken: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._feed = feed
        self._on_broken = on_broken
        self._session: Session = store.writer(lambda: uuid7(clock.now()))
        self._queue = JobQueue()
        self._syncing = Syncing(store.sync)
        self._waiting = Waiting(MAX_BATCH)
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="read")
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = False
        self._failing_since: int | None = None
        self.failed_batches = self._failure_told_at = 0
        self._outage: tuple[int, int] | None = None
        self._refusals = Refusals()
        self._watcher: Callable[[object, object], None] | None = None
        self.failing_because = ""
        self.begins_since: float | None = None

    def start(self) -> None:
        """Start the writer thread; results go to the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._queue.open(self._loop)
        self._thread = threading.Thread(target=self._live, name="writer", daemon=True)
        self._thread.start()
        self._syncing.start()

    def route(self, routing: Routing) -> None:
        """Set who may hear of alerts from now on."""
        self._store.route(routing)

    def watch(self, watcher: Callable[[object, object], None]) -> None:
        """Call `watcher(command, result)` on the event loop for every operation that was committed."""
        self._watcher = watcher

    async def stop(self) -> None:
        """Finish what is queued, then end the threads."""
        self._closing = True
        if self._thread is not None:
            self._queue.end()
            await asyncio.to_thread(self._thread.join)
            await asyncio.to_thread(self._syncing.stop)
        self._readers.shutdown(wait=True)

    @property
    def queued(self) -> int:
        """How many operations wait for the writer, or for its commit."""
        return self._waiting.count

    @property
    def failing_since(self) -> int | None:
        """Since when nothing could be committed (ms UTC); None while all is well."""
        return self._failing_since

    @property
    def outage(self) -> tuple[int, int] | None:
        """From when to when commits failed (ms UTC), until `forget_outage`; None when they did not."""
        return self._outage

    def forget_outage(self, outage: tuple[int, int]) -> None:
        """Drop an outage that is known elsewhere now, unless it has grown."""
        if self._outage == outage:
            self._outage = None

    def refusals(self) -> dict[tuple[int, str], int]:
        """Return when a ping of a monitor was last answered 503, by (project id, slug)."""
        return self._refusals.all()

    def submit(
        self, operation: Operation[Command, Result], command: Command, *,
        judgement: bool = False, bulk: bool = False, derived: bool = False,
    ) -> "asyncio.Future[Result]":  # fmt: skip
        """Queue an operation and return the future of its result, resolved once it is durable.

        A judgement runs after the pings of its batch, at an instant not later than any ping still waiting
        (semantics.md 4). Bulk has a transaction of its own, after that of the pings of its batch; if it is `derived`,
        and made again after a crash, nobody waits for the disk. Raises Busy when the queue is full or the runner stops.
        """
        if self._loop is None:
            raise Busy()
        waiter: asyncio.Future[Result] = self._loop.create_future()
        self.post(operation, command, partial(settle, waiter), judgement=judgement, bulk=bulk, derived=derived)
        return waiter

    def post(
        self, operation: Operation[Command, Result], command: Command, tell: Tell, *,
        judgement: bool = False, bulk: bool = False, derived: bool = False,
    ) -> None:  # fmt: skip
        """Do what `submit` does, and call `tell(result, error)` on the event loop after the commit."""
        now = self._clock.now()
        if self._closing or self._loop is None or not self._waiting.takes(command, now):
            self.refuse(command)
        self._waiting.come(now)
        self._queue.put(Job(operation, command, now, judgement, tell, bulk=bulk, derived=derived))

    def refuse(self, command: object) -> None:
        """Have the silence that follows not be held against who is refused; raises Busy."""
        self._refusals.remember(command, self._clock.now())
        raise Busy()

    async def run(self, operation: Operation[Command, Result], command: Command) -> Result:
        """Return an operation's result once it is durable."""
        return await self.submit(operation, command)

    def call(self, operation: Operation[Command, Result], command: Command) -> Result:
        """Run one operation in the calling thread; for a process that has no event loop and no writer thread."""
        job = Job(operation, command, self._clock.now(), False)
        self._feed.publish(self._apply([job], job.at))
        if job.error is not None:
            raise job.error
        result: Result = job.result
        return result

    async def read(self, query: Callable[[Transaction, Command, int], Result], command: Command) -> Result:
        """Run a query beside the writer, on a read-only snapshot."""
        at = self._clock.now()
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._readers, self._store.read, lambda tx: query(tx, command, at))
        except StoreBroken as error:
            log.critical("the store cannot be read: %s", error)
            self._on_broken()
            raise Busy() from error

    def read_now(self, query: Callable[[Transaction, Command, int], Result], command: Command) -> Result:
        """Run a query in the calling thread; for a process without an event loop."""
        at = self._clock.now()
        result: Result = self._store.read(lambda tx: query(tx, command, at))
        return result

    def _live(self) -> None:
        """Write until the stop. Without a writer nobody is answered any more, so its death is left to a new process."""
        try:
            self._work()
        except BaseException:
            self._closing = True
            log.critical("the writer has died", exc_info=True)
            self._on_broken()

    def _work(self) -> None:
        last, backlog = False, deque[Job]()
        while backlog or not last:
            batch = [] if backlog else self._queue.take()
            if batch is None:
                break
            # Read before draining: no ping that is still outside the batch can be older than this.
            horizon = self._clock.now()
            collected_at = self._queue.collected_at()
            last = last or self._queue.take_more(batch, MAX_BATCH)
            if collected_at is not None:
                horizon = min(horizon, collected_at)
            if batch and not self._queue.empty and not last:
                horizon = min(horizon, batch[-1].at)
            pings, bulk = self._queue.apart(batch)
            backlog += bulk
            began = self._clock.monotonic()
            if pings:
                self._hand_over(pings, self._apply(pings, horizon))
            if backlog:
                self._work_off(backlog, horizon, self._clock.monotonic() - began)

    def _work_off(self, backlog: deque[Job], horizon: int, pings_took_s: float) -> None:
        """Commit bulk for as long as pings took before it, or as nobody waits; at least one of it."""
        until = self._clock.monotonic() + max(BULK_S, pings_took_s)
        part = list(islice(backlog, MAX_BATCH))
        changes = self._apply(part, horizon, lambda: self._queue.holds_pings and self._clock.monotonic() >= until)
        for _ in part:
            backlog.popleft()
        if all(job.derived for job in part):
            self._hand_over(part, changes)
        else:
            self._syncing.after(partial(self._synced, part, changes))

    def _synced(self, part: list[Job], changes: list[object], error: Exception | None) -> None:
        if error is not None:
            self._fail(part, error)
        self._hand_over(part, [] if error else changes)

    def _apply(self, batch: list[Job], horizon: int, enough: Callable[[], bool] | None = None) -> list[object]:
        """Commit a batch and return what changed. Bulk, which `enough` may cut in place, is not durable by then."""
        try:
            changes = self._commit(in_order(batch, horizon), enough)
        except Exception as error:
            self._fail(batch, error)
            return []
        if self._failing_since is not None and self._takes_writes(horizon):
            since = self._failing_since if self._outage is None else min(self._outage[0], self._failing_since)
            self._outage = (since, horizon)
            self._failing_since = None
        return changes

    def _takes_writes(self, at: int) -> bool:
        """Tell by a write whether the store takes any again: a batch without one proves nothing."""
        probe = Job(_prove, None, at, False)
        try:
            self._commit([probe])
        except Exception as error:
            self._fail([probe], error)
        return probe.error is None

    def _commit(self, jobs: list[Job], enough: Callable[[], bool] | None = None) -> list[object]:
        session, lasting = self._session, enough is None
        try:
            self._begin(lasting)
            session.expect(one for job in jobs if (one := getattr(job.command, "reports_on", None)) is not None)
            for number, job in enumerate(jobs, 1):
                attempt(job, session.attempt)
                if enough is not None and enough():
                    del jobs[number:]
            session.flush()
        except NeedsCare:
            # Operations may be run again: the rare batch with a failure among its writes is taken back and repeated.
            session.undo()
            session.begin(lasting)
            for job in jobs:
                attempt(job, session.attempt_carefully)
        return session.commit()

    def _begin(self, lasting: bool) -> None:
        self.begins_since = self.begins_since or self._clock.monotonic()
        self._session.begin(lasting)
        self.begins_since = None

    def _fail(self, batch: Sequence[Job], error: Exception) -> None:
        """Answer the whole batch with Busy: none of it is known to be stored."""
        expected = isinstance(error, (Busy, BatchLost))
        self.failed_batches += 1
        self.failing_because = str(error.__cause__ or error)
        now = self._clock.now()
        if not expected or self._failing_since is None or now - self._failure_told_at >= TELL_FAILURE_EVERY_MS:
            self._failure_told_at = now
            log.error("the store took no batch of %d: %s", len(batch), error.__cause__ or error, exc_info=not expected)
        self._failing_since = self._failing_since or min(job.at for job in batch)
        for job in batch:
            job.error = Busy()
            self._refusals.remember(job.command, job.at)
        if not expected:
            self._on_broken()

    def _hand_over(self, batch: Sequence[Job], changes: list[object]) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._resolve, batch, changes)
        except RuntimeError:
            log.warning("the event loop closed before %d results were handed over", len(batch))

    def _resolve(self, batch: Sequence[Job], changes: list[object]) -> None:
        self._waiting.leave(len(batch), max(job.at for job in batch))
        tell_all(batch, self._watcher)
        if changes:
            self._feed.publish(changes)
