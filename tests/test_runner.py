"""The runner on a real SQLite file: what a batch keeps, what it answers, and what a failing disk does to it."""

import asyncio
import resource
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from seestackd.errors import Busy, NotFound
from seestackd.feed import Feed
from seestackd.ids import uuid7
from seestackd.refusals import MAX_QUEUED, MAX_REFUSED, MAX_WAIT_MS
from seestackd.runner import MAX_BATCH, Runner
from seestackd.store.interface import Transaction
from tests.clocks import SetClock
from tests.stores import new_store

NOW = 1_775_000_000_000
MEGABYTE = "x" * 1_000_000


@dataclass
class Bench:
    """A runner at work, what it announced and how often it gave up; `connection` is its writing one."""

    runner: Runner
    clock: SetClock
    connection: sqlite3.Connection
    path: Path
    announced: list[object] = field(default_factory=list)
    broken: list[bool] = field(default_factory=list)

    def stored(self) -> dict[str, str]:
        """What anybody else who opens the file finds."""
        with sqlite3.connect(self.path) as reader:
            return dict(reader.execute("SELECT key, value FROM meta"))

    @contextmanager
    def full(self) -> Iterator[None]:
        """Leave the database no page to grow by: SQLITE_FULL inside a statement."""
        pages = self.connection.execute("PRAGMA page_count").fetchone()[0]
        self.connection.execute(f"PRAGMA max_page_count = {pages}")
        try:
            yield
        finally:
            self.connection.execute("PRAGMA max_page_count = 1073741823")

    @contextmanager
    def failing_commits(self) -> Iterator[None]:
        """Take no more bytes into the write-ahead log: statements pass, COMMIT does not."""
        size = self.path.with_name(self.path.name + "-wal").stat().st_size
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    clock, feed, store = SetClock(NOW), Feed(), new_store(tmp_path / "seestackd.db")
    broken: list[bool] = []
    runner = Runner(store, clock, feed, lambda: broken.append(True))
    made = Bench(runner, clock, store._connection, store.path, broken=broken)
    feed.listen(made.announced.extend)
    runner.start()
    yield made
    await runner.stop()
    store.close()


@dataclass(frozen=True)
class Note:
    """Keep `value` under `key`; `reports_on` names the monitor as a ping does."""

    key: str
    value: str = "kept"
    reports_on: tuple[int, str] | None = None


def keep(tx: Transaction, command: Note, at: int) -> int:
    tx.set_meta(command.key, command.value)
    tx.announce(command.key)
    return at


def keep_then_fail(tx: Transaction, command: Note, at: int) -> None:
    keep(tx, command, at)
    raise NotFound("there is none")


async def outcomes(*futures: "asyncio.Future[object]") -> list[str]:
    answers = await asyncio.gather(*futures, return_exceptions=True)
    return [type(answer).__name__ if isinstance(answer, Exception) else "kept" for answer in answers]


async def test_an_operation_is_on_disk_when_its_result_comes(bench: Bench) -> None:
    assert await bench.runner.run(keep, Note("a")) == NOW
    assert bench.stored()["a"] == "kept"
    assert bench.announced == ["a"]


async def test_a_bad_operation_spoils_none_of_its_batch(bench: Bench) -> None:
    # What is submitted in one turn of the loop meets in one batch.
    futures = [
        bench.runner.submit(keep, Note("before")),
        bench.runner.submit(keep_then_fail, Note("bad")),
        bench.runner.submit(keep, Note("after")),
    ]

    assert await outcomes(*futures) == ["kept", "NotFound", "kept"]
    assert {"before", "after"} <= bench.stored().keys()
    assert "bad" not in bench.stored()
    assert sorted(map(str, bench.announced)) == ["after", "before"]


async def test_a_full_database_gives_the_whole_batch_back_as_busy_and_keeps_nothing_of_it(bench: Bench) -> None:
    with bench.full():
        # What is submitted in one turn of the loop meets in one batch.
        futures = [
            bench.runner.submit(keep, Note("before")),
            bench.runner.submit(keep, Note("large", MEGABYTE)),
            bench.runner.submit(keep, Note("after")),
        ]
        answers = await outcomes(*futures)

    assert answers == ["Busy", "Busy", "Busy"], "SQLite has rolled back what came before, too"
    assert not {"before", "large", "after"} & bench.stored().keys()
    assert bench.announced == []
    assert bench.broken == []


async def test_it_stores_again_as_soon_as_there_is_room(bench: Bench) -> None:
    with bench.full(), pytest.raises(Busy):
        await bench.runner.run(keep, Note("large", MEGABYTE))

    await bench.runner.run(keep, Note("large", MEGABYTE))

    assert bench.stored()["large"] == MEGABYTE
    assert bench.broken == []


async def test_a_commit_that_fails_answers_nobody_with_success(bench: Bench) -> None:
    await bench.runner.run(keep, Note("earlier"))
    with bench.failing_commits():
        # What is submitted in one turn of the loop meets in one batch.
        futures = [bench.runner.submit(keep, Note(f"lost-{number}", MEGABYTE)) for number in range(3)]
        answers = await outcomes(*futures)

    assert answers == ["Busy", "Busy", "Busy"]
    assert "earlier" in bench.stored()
    assert not [key for key in bench.stored() if key.startswith("lost")]
    assert not bench.connection.in_transaction, "a failed COMMIT is followed by ROLLBACK"
    assert bench.announced == ["earlier"], "what is not stored is told to nobody"

    await bench.runner.run(keep, Note("later"))
    assert "later" in bench.stored()


async def test_an_error_nobody_expected_ends_the_process_instead_of_the_writer(bench: Bench) -> None:
    bench.connection.execute("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
    bench.connection.execute("CREATE TABLE children (of INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)")

    def orphan(tx: Transaction, command: None, at: int) -> None:
        bench.connection.execute("INSERT INTO children VALUES (1)")

    with pytest.raises(Busy):
        await bench.runner.run(orphan, None)
    assert bench.broken == [True]
    assert await bench.runner.run(keep, Note("a")) == NOW


async def test_a_judgement_comes_after_the_pings_of_its_batch_and_not_later_than_any_that_waits(bench: Bench) -> None:
    seen: list[tuple[str, int]] = []

    def note(tx: Transaction, command: str, at: int) -> None:
        seen.append((command, at))

    # What is submitted in one turn of the loop meets in one batch.
    bench.clock.at = NOW + 10
    judged = bench.runner.submit(note, "judge", judgement=True)
    bench.clock.at = NOW + 20
    pinged = bench.runner.submit(note, "ping")
    bench.clock.at = NOW + 5
    await asyncio.gather(judged, pinged)

    assert seen == [("ping", NOW + 20), ("judge", NOW + 5)]


async def test_pings_do_not_wait_for_the_bulk_that_came_with_them(bench: Bench) -> None:
    done: list[str] = []

    def write(tx: Transaction, name: str, at: int) -> None:
        # What an earlier transaction committed is known to its sender already, or on its way there.
        done.append(f"{name} after {sorted(bench.stored())}")
        tx.set_meta(name, "1")

    known = sorted(bench.stored())
    names = ("bulk 1", "ping 1", "bulk 2", "ping 2")
    await asyncio.gather(*(bench.runner.submit(write, name, bulk=name.startswith("bulk")) for name in names))

    both = sorted([*known, "ping 1", "ping 2"])
    assert done == [f"ping 1 after {known}", f"ping 2 after {known}", f"bulk 1 after {both}", f"bulk 2 after {both}"]


async def test_pings_that_come_during_bulk_go_before_the_rest_of_it_and_none_of_it_is_lost(bench: Bench) -> None:
    order: list[str] = []
    begun, come = threading.Event(), threading.Event()

    def slow(tx: Transaction, command: str, at: int) -> None:
        begun.set()
        come.wait(10)
        bench.clock.at += 2_000
        order.append(command)
        tx.set_meta(command, "kept")

    def quick(tx: Transaction, command: str, at: int) -> None:
        order.append(command)

    bulk = [bench.runner.submit(slow, f"bulk {number}", bulk=True) for number in range(3)]
    await asyncio.to_thread(begun.wait, 10)
    ping = bench.runner.submit(quick, "ping")
    # The writer sees it when this turn of the loop has ended.
    await asyncio.sleep(0)
    come.set()
    await asyncio.gather(ping, *bulk)

    assert order == ["bulk 0", "ping", "bulk 1", "bulk 2"]
    assert {"bulk 0", "bulk 1", "bulk 2"} <= bench.stored().keys()
    assert bench.runner.queued == 0


async def test_bulk_is_told_only_once_the_disk_keeps_it_and_what_is_derived_at_once(bench: Bench) -> None:
    log = bench.runner._store._log  # type: ignore[attr-defined]
    await bench.runner.submit(keep, Note("kept"), bulk=True)
    # A descriptor that is none: from now on nothing can be synced.
    kept, log._descriptor = log._descriptor, 1_000_000
    await bench.runner.submit(keep, Note("derived"), bulk=True, derived=True)
    assert bench.broken == []
    with pytest.raises(Busy):
        await bench.runner.submit(keep, Note("not kept"), bulk=True)
    assert bench.broken == [True]
    log._descriptor = kept
    await bench.runner.submit(keep, Note("a ping"))

    assert bench.connection.execute("PRAGMA synchronous").fetchone() == (2,)


async def test_a_refused_ping_is_remembered_with_its_monitor_and_a_stored_one_is_not(bench: Bench) -> None:
    await bench.runner.run(keep, Note("a", reports_on=(1, "heard")))
    with bench.full(), pytest.raises(Busy):
        await bench.runner.run(keep, Note("b", MEGABYTE, reports_on=(1, "refused")))

    assert bench.runner.refusals() == {(1, "refused"): NOW}


async def test_the_oldest_of_ten_thousand_refusals_makes_room_for_the_newest(bench: Bench) -> None:
    bench.runner._closing = True
    for number in (*range(MAX_REFUSED), 0, MAX_REFUSED):
        with pytest.raises(Busy):
            bench.runner.submit(keep, Note("a", reports_on=(1, f"job-{number}")))
    bench.runner._closing = False
    remembered = bench.runner.refusals()

    assert len(remembered) == MAX_REFUSED
    assert (1, "job-0") in remembered, "refused again, so it is among the newest"
    assert (1, "job-1") not in remembered


async def test_more_than_can_be_queued_is_refused_at_once(bench: Bench) -> None:
    # What is submitted in one turn of the loop meets in one batch.
    waiting = [bench.runner.submit(keep, Note("a")) for _ in range(MAX_QUEUED)]
    with pytest.raises(Busy):
        bench.runner.submit(keep, Note("one too many", reports_on=(1, "late")))
    await asyncio.gather(*waiting)

    assert "one too many" not in bench.stored()
    assert (1, "late") in bench.runner.refusals()


async def test_pings_are_refused_while_many_have_waited_for_long_and_nothing_else_is(bench: Bench) -> None:
    waiting = [bench.runner.submit(keep, Note(str(number), reports_on=(1, "early"))) for number in range(MAX_BATCH)]
    bench.clock.at += MAX_WAIT_MS
    waiting.append(bench.runner.submit(keep, Note("just in time", reports_on=(1, "in-time"))))
    bench.clock.at += 1
    with pytest.raises(Busy):
        bench.runner.submit(keep, Note("one too many", reports_on=(1, "late")))
    waiting.append(bench.runner.submit(keep, Note("a judgement"), judgement=True))
    await asyncio.gather(*waiting)
    await bench.runner.run(keep, Note("later", reports_on=(1, "late")))

    assert {"just in time", "a judgement", "later"} <= bench.stored().keys()
    assert "one too many" not in bench.stored()
    assert (1, "late") in bench.runner.refusals()


async def test_a_few_pings_may_wait_for_a_slow_disk(bench: Bench) -> None:
    waiting = [bench.runner.submit(keep, Note(str(number), reports_on=(1, "a"))) for number in range(MAX_BATCH - 1)]
    bench.clock.at += 30_000
    waiting.append(bench.runner.submit(keep, Note("patient", reports_on=(1, "b"))))
    await asyncio.gather(*waiting)

    assert "patient" in bench.stored()


async def test_it_knows_since_when_commits_fail_and_until_when_they_did(bench: Bench) -> None:
    with bench.full():
        for _ in range(2):
            with pytest.raises(Busy):
                await bench.runner.run(keep, Note("large", MEGABYTE))
            bench.clock.at += 40_000
        assert bench.runner.failing_since == NOW
    assert bench.runner.outage is None

    await bench.runner.run(keep, Note("small"))

    assert bench.runner.failing_since is None
    assert bench.runner.outage == (NOW, NOW + 80_000)


async def test_a_store_that_takes_nothing_is_logged_at_most_once_a_minute(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    with bench.full():
        for _ in range(10):
            with pytest.raises(Busy):
                await bench.runner.run(keep, Note("large", MEGABYTE))
            bench.clock.at += 10_000

    assert len([record for record in caplog.records if "took no batch" in record.message]) == 2


async def test_an_operation_with_nothing_to_store_ends_no_outage(bench: Bench) -> None:
    def look(tx: Transaction, command: None, at: int) -> None:
        tx.meta("anything")

    with bench.failing_commits():
        with pytest.raises(Busy):
            await bench.runner.run(keep, Note("a"))
        bench.clock.at += 40_000
        await bench.runner.run(look, None)
        assert bench.runner.failing_since == NOW
    assert bench.runner.outage is None

    await bench.runner.run(look, None)

    assert bench.runner.outage == (NOW, NOW + 40_000)


async def test_an_outage_is_remembered_until_it_is_known_elsewhere_and_grows_with_the_next(bench: Bench) -> None:
    async def fail_for(lasting: int) -> None:
        with bench.full(), pytest.raises(Busy):
            await bench.runner.run(keep, Note("large", MEGABYTE))
        bench.clock.at += lasting
        await bench.runner.run(keep, Note("small"))

    await fail_for(40_000)
    first = bench.runner.outage
    assert first is not None
    await fail_for(1_000)
    bench.runner.forget_outage(first)

    assert bench.runner.outage == (NOW, NOW + 41_000), "it has grown since it was read"
    bench.runner.forget_outage((NOW, NOW + 41_000))
    assert bench.runner.outage is None


async def test_a_client_that_hung_up_leaves_its_neighbours_their_answers(bench: Bench) -> None:
    # What is submitted in one turn of the loop meets in one batch.
    gone = bench.runner.submit(keep, Note("gone"))
    here = bench.runner.submit(keep, Note("here"))
    gone.cancel()

    assert await here == NOW
    assert {"gone", "here"} <= bench.stored().keys()


async def test_stopping_finishes_what_is_queued_and_takes_no_more(bench: Bench) -> None:
    # What is submitted in one turn of the loop meets in one batch.
    waiting = bench.runner.submit(keep, Note("queued"))
    await bench.runner.stop()

    assert await waiting == NOW
    with pytest.raises(Busy):
        bench.runner.submit(keep, Note("too late"))


class Stumbling(SetClock):
    """A clock that the writer stumbles over, outside of any transaction."""

    def monotonic(self) -> float:
        raise RuntimeError("no such clock")


async def test_a_writer_that_dies_says_so_and_leaves_it_to_a_new_process(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store, ended = new_store(tmp_path / "seestackd.db"), threading.Event()
    runner = Runner(store, Stumbling(NOW), Feed(), ended.set)
    runner.start()
    runner.submit(keep, Note("unanswered"))

    assert await asyncio.to_thread(ended.wait, 10)
    assert "the writer has died" in caplog.text
    assert "no such clock" in caplog.text
    with pytest.raises(Busy):
        runner.submit(keep, Note("too late"))
    await runner.stop()
    store.close()


def test_ids_are_version_7_and_sort_by_their_instant() -> None:
    ids = [uuid7(NOW + number) for number in range(100)]

    assert ids == sorted(set(ids))
    assert all(made[14] == "7" and made[19] in "89ab" for made in ids)
