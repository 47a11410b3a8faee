"""What a batch promises: nothing of a lost one is kept, and a ping that comes first is heard first, at every point."""

import asyncio
import resource
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from seestackd.core.monitor import NewMonitor, Rules
from seestackd.core.pings import PingKind
from seestackd.core.schedule import parse_schedule
from seestackd.errors import Busy, NotFound
from seestackd.feed import Feed
from seestackd.operations.deadlines import JudgeDue, judge_due
from seestackd.operations.keys import EnsureProject, ensure_project
from seestackd.operations.monitors import AddMonitor, add
from seestackd.operations.pings import RecordPing, record
from seestackd.runner import Runner
from seestackd.store.interface import Transaction
from seestackd.store.sqlite.connection import SqliteStore
from tests.clocks import SetClock
from tests.core.world import MINUTE, t

BIG = "x" * 300_000


class Batches:
    """A running Runner; what is submitted while the gate is shut goes into one batch."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = SetClock(t("00:30"))
        self.broken: list[str] = []
        self.changes: list[object] = []
        self.store = SqliteStore.open(path)
        feed = Feed()
        feed.listen(self.changes.extend)
        self.runner = Runner(self.store, self.clock, feed, on_broken=lambda: self.broken.append("broken"))

    async def begin(self) -> None:
        self.runner.start()
        self.project = (await self.runner.run(ensure_project, EnsureProject())).id

    async def add(self, slug: str, schedule: str = "0 * * * *") -> int:
        new = NewMonitor(slug, slug, parse_schedule(schedule), Rules(grace_ms=5 * MINUTE))
        return (await self.runner.run(add, AddMonitor(self.project, new, f"id-{slug}"))).id

    def ping(self, slug: str = "backup", **more: Any) -> RecordPing:
        return RecordPing(self.project, slug, PingKind(more.pop("kind", "success")), **more)

    @asynccontextmanager
    async def shut(self) -> AsyncIterator[None]:
        """Hold the writer, so that what is submitted meanwhile is one batch."""
        opened, reached = threading.Event(), threading.Event()

        def wait(tx: Transaction, command: None, at: int) -> None:
            reached.set()
            opened.wait(10)

        held = self.runner.submit(wait, None)
        held.add_done_callback(lambda future: future.exception())
        assert await asyncio.to_thread(reached.wait, 10)
        try:
            yield
        finally:
            opened.set()

    async def together(self, *jobs: tuple[Any, Any]) -> list[Any]:
        """Run (operation, command) pairs in one batch; return results or errors."""
        async with self.shut():
            futures = [self.runner.submit(operation, command) for operation, command in jobs]
        return await asyncio.gather(*futures, return_exceptions=True)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(statement).fetchall()

    @property
    def pings(self) -> int:
        return int(self.rows("SELECT count(*) FROM pings")[0][0])


@asynccontextmanager
async def batches_in(folder: Path) -> AsyncIterator[Batches]:
    batches = Batches(folder / "seestackd.db")
    try:
        await batches.begin()
        yield batches
    finally:
        await batches.runner.stop()
        batches.store.close()


@pytest.fixture
async def batches(tmp_path: Path) -> AsyncIterator[Batches]:
    async with batches_in(tmp_path) as made:
        await made.add("backup")
        yield made


async def test_a_commit_that_cannot_be_written_keeps_nothing_and_the_next_batch_works(batches: Batches) -> None:
    wal = Path(f"{batches.path}-wal").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(wal, 1) + 8192, hard))
    try:
        results = await batches.together(
            (record, batches.ping()), (lambda tx, text, at: tx.set_meta("big", text), BIG), (record, batches.ping())
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert [type(result) for result in results] == [Busy, Busy, Busy]
    assert batches.pings == 0
    assert (await batches.runner.run(record, batches.ping())).ping_id == 1
    assert batches.rows("SELECT status FROM monitor_state") == [("healthy",)]


async def test_what_was_remembered_in_a_batch_that_was_lost_is_forgotten(batches: Batches) -> None:
    batches.store._connection.execute("PRAGMA max_page_count = 1")
    new = NewMonitor("gone", "gone", parse_schedule("1h"), Rules())
    lost, _ = await batches.together(
        (add, AddMonitor(batches.project, new, "gone")), (lambda tx, text, at: tx.set_meta("big", text), BIG)
    )
    batches.store._connection.execute("PRAGMA max_page_count = 1000000")

    assert isinstance(lost, Busy)
    with pytest.raises(NotFound):
        await batches.runner.run(record, batches.ping("gone"))


async def test_announcements_of_a_lost_batch_are_not_made(batches: Batches) -> None:
    batches.changes.clear()
    batches.store._connection.execute("PRAGMA max_page_count = 1")
    await batches.together(
        (lambda tx, word, at: tx.announce(word), "lost"), (lambda tx, text, at: tx.set_meta("big", text), BIG)
    )
    batches.store._connection.execute("PRAGMA max_page_count = 1000000")
    await batches.runner.run(lambda tx, word, at: tx.announce(word), "kept")

    assert "kept" in batches.changes
    assert "lost" not in batches.changes


async def test_a_broken_database_is_reported_and_nothing_is_promised(tmp_path: Path) -> None:
    async with batches_in(tmp_path) as whole:
        await whole.add("backup")
        await whole.runner.run(record, whole.ping())
        (root,) = whole.rows("SELECT rootpage FROM sqlite_master WHERE name = 'pings'")[0]
        (size,) = whole.rows("PRAGMA page_size")[0]
    with (tmp_path / "seestackd.db").open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)

    async with batches_in(tmp_path) as torn:
        results = await torn.together((record, torn.ping()), (record, torn.ping()))

        assert [type(result) for result in results] == [Busy, Busy]
        assert torn.broken


# Pings before judgements: the interleaving of one ping with one judgement, at every point


async def test_a_success_that_is_committed_before_the_judgement_never_ends_in_missed(batches: Batches) -> None:
    deadline = t("01:05")
    steps = range(3)
    cases = [(p, j, s, d) for p, j, s, d in product(steps, steps, range(4), range(-1, 4)) if p != j]
    for number, (ping_at, judge_at, split_at, deadline_at) in enumerate(cases):
        slug = f"job-{number}"
        batches.clock.at = t("00:30")
        monitor = await batches.add(slug)
        futures: list[Any] = []
        for part in (range(split_at), range(split_at, 3)):
            async with batches.shut():
                for step in part:
                    batches.clock.at = deadline + step - deadline_at
                    if step == ping_at:
                        futures.append(batches.runner.submit(record, batches.ping(slug)))
                    elif step == judge_at:
                        futures.append(batches.runner.submit(judge_due, JudgeDue(), judgement=True))
                    else:
                        futures.append(batches.runner.submit(lambda tx, command, at: at, None))
            await asyncio.gather(*futures)
        told = batches.rows(f"SELECT kind FROM incidents WHERE monitor_id = {monitor}")
        judged_first = judge_at < split_at <= ping_at and judge_at >= deadline_at
        assert told == ([("missed",)] if judged_first else []), (ping_at, judge_at, split_at, deadline_at)
        assert batches.rows(f"SELECT outcome FROM slots WHERE monitor_id = {monitor}") != [("missed",)]


async def test_nothing_is_judged_that_is_due_later_than_a_ping_still_in_the_queue(batches: Batches) -> None:
    batches.clock.at = t("01:04:59")
    async with batches.shut():
        judged = batches.runner.submit(judge_due, JudgeDue(), judgement=True)
        waiting = [batches.runner.submit(lambda tx, command, at: at, None) for _ in range(600)]
        waiting.append(batches.runner.submit(record, batches.ping()))
        batches.clock.at = t("01:06")
    await asyncio.gather(judged, *waiting)
    await batches.runner.submit(judge_due, JudgeDue(), judgement=True)

    assert batches.rows("SELECT outcome FROM slots") == [("on_time",)]
