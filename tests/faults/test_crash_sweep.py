"""Killed at any system call of an alert's life: it is delivered, at most once too often, and no ping is forgotten."""

import itertools
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.life import CALLS, Life, Outcome, Receiver, live, prepare
from tests.forked import stop_forking

PHASES = ("opening", "recovery")
AT_ONCE = 2
POINTS = 20
POINTS_LONG = 530
_CALL = re.compile(r"^(\d+)\s+(\w+)\(")


@dataclass(frozen=True)
class Point:
    """Where to kill: at the `number`th time that a thread makes this call in this half of the life."""

    phase: str
    call: str
    number: int

    @property
    def strace(self) -> tuple[str, ...]:
        kill = f"inject={self.call}:signal=SIGKILL:when={self.number}"
        return ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={self.call}", "-e", kill)


@dataclass(frozen=True)
class Bench:
    """Where lives are lived: from these databases, with these numbers of calls to be killed at."""

    folder: Path
    receiver: Receiver
    prepared: dict[str, Path]
    calls: dict[str, dict[str, int]]

    def sweep(self, points: Sequence[Point], name: str, *, settles_first: bool = False) -> list[Outcome]:
        """Live one life for every point."""

        def one(numbered: tuple[int, Point]) -> Outcome:
            number, point = numbered
            folder = self.folder / f"{name}-{number}-{point.phase}-{point.call}-{point.number}"
            folder.mkdir()
            life = Life(folder, point.phase, self.prepared[point.phase], self.receiver)
            return live(life, point.strace, settles_first=settles_first)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(one, enumerate(points)))

    def points(self, wanted: int) -> list[Point]:
        """Spread points evenly over both halves, all calls and all times that a call is made."""
        share = wanted // len(PHASES)
        return [point for phase in PHASES for point in self._points(phase, share)]

    def _points(self, phase: str, wanted: int) -> Iterator[Point]:
        # The last calls may belong to the time after the end of the story, when nothing is left to be killed.
        reached = {call: max(1, number * 9 // 10) for call, number in self.calls[phase].items()}
        taken = Counter(itertools.islice(itertools.cycle(CALLS), wanted))
        for call, count in taken.items():
            for index in range(count):
                yield Point(phase, call, 1 + (2 * index + 1) * reached[call] // (2 * count))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    if shutil.which("strace") is None:
        pytest.skip("strace is missing, nothing is killed at its system calls: apt-get install strace")
    folder, receiver = tmp_path_factory.mktemp("sweep"), Receiver()
    try:
        yield Bench(folder, receiver, *undisturbed(folder, receiver))
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()
        stop_forking()


def undisturbed(folder: Path, receiver: Receiver) -> tuple[dict[str, Path], dict[str, dict[str, int]]]:
    """Live both halves without a kill; returns the database before each, and the calls made in it."""
    prepared, calls = {"opening": prepare(folder / "prepared-opening")}, {}
    for phase in PHASES:
        (folder / phase).mkdir()
        life = Life(folder / phase, phase, prepared[phase], receiver)
        trace = folder / f"{phase}.strace"
        counting = ("strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={','.join(CALLS)}")
        whole = live(life, counting)
        assert not whole.crashed, life.folder
        calls[phase] = most_calls(trace.read_text())
        prepared.setdefault("recovery", life.data)
    return prepared, calls


def most_calls(trace: str) -> dict[str, int]:
    """Return how often the busiest thread made each call: strace counts by thread."""
    counted = Counter(found.groups() for found in map(_CALL.match, trace.splitlines()) if found)
    most: dict[str, int] = {}
    for (_, call), number in counted.items():
        most[call] = max(number, most.get(call, 0))
    return most


def kept(outcomes: Sequence[Outcome]) -> None:
    """Assert the promise of semantics.md 8 for every life."""
    assert {o.name: o.undelivered for o in outcomes if o.undelivered} == {}
    assert {o.name: o.forgotten for o in outcomes if o.forgotten} == {}
    assert {o.name: o.unknown_ids for o in outcomes if o.unknown_ids} == {}
    assert {o.name: o.repeated for o in outcomes if o.repeated > o.crashed} == {}


def test_an_alert_survives_a_kill_at_any_call(bench: Bench) -> None:
    outcomes = bench.sweep(bench.points(POINTS), "kill")

    kept(outcomes)
    assert [o.name for o in outcomes if not o.crashed] == []


def test_the_sweep_finds_an_outbox_that_settles_before_it_sends(bench: Bench) -> None:
    points = [Point(phase, "connect", 1) for phase in PHASES]

    outcomes = bench.sweep(points, "turned-round", settles_first=True)

    assert [outcome.undelivered for outcome in outcomes] == [["missed"], ["recovered"]]


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_an_alert_survives_hundreds_of_kills(bench: Bench) -> None:
    outcomes = bench.sweep(bench.points(POINTS_LONG), "kill-long")

    kept(outcomes)
    crashed, repeated = sum(o.crashed for o in outcomes), sum(o.repeated for o in outcomes)
    print(f"{crashed} kills, {repeated} messages came twice, {sum(o.seconds for o in outcomes):.0f} s")
    assert crashed >= 500
