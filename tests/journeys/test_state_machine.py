"""The judging core and the real store against an oracle that only read the page (tests/oracle.py)."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import TestCase

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.core.world import MINUTE, a_monitor, t
from tests.oracle import Event, Oracle
from tests.stored_world import stored_monitor

OPENS = dict.fromkeys(("missed", "failed", "overrun", "unknown", "flapping"), "opened")
RIDS = st.sampled_from([None, None, "a", "b"])
GRACES = st.sampled_from([0, 1, 5, 12, 25, 70])
RUNTIMES = st.sampled_from([None, 3, 20, 90])
PERIODS = st.sampled_from([5, 10, 15, 30, 60])
WAITS = st.one_of(st.integers(1, 12), st.sampled_from([15, 30, 60, 150]))


class Watched(RuleBasedStateMachine):
    """One monitor, lived through in both worlds."""

    @initialize(
        calendar=st.booleans(), period=PERIODS, grace=GRACES, max_runtime=RUNTIMES, overlap=st.booleans(),
        failures=st.integers(1, 3), recoveries=st.integers(1, 2), begin=st.integers(0, 61),
    )  # fmt: skip
    def create(self, **asked: Any) -> None:
        self.asked, self.now = asked, asked["begin"]
        self.events: list[Event] = []
        self.rescheduled = self.stepped = False
        self.exact = True
        self.first = dict(asked)
        self.world = self.make()

    def make(self) -> Any:
        return a_monitor(**self.wanted_monitor())

    def wanted_monitor(self) -> dict[str, Any]:
        asked = self.asked
        return {
            "schedule": self.schedule(asked["period"]),
            "at": self.at,
            "grace_ms": asked["grace"] * MINUTE,
            "max_runtime_ms": None if asked["max_runtime"] is None else asked["max_runtime"] * MINUTE,
            "overlap": asked["overlap"],
            "failures_before_alert": asked["failures"],
            "successes_before_recovery": asked["recoveries"],
        }

    def schedule(self, period: int) -> str:
        if not self.asked["calendar"]:
            return f"{period}m"
        return "0 * * * *" if period == 60 else f"*/{period} * * * *"

    @property
    def at(self) -> int:
        return t("00:00") + self.now * MINUTE

    def happens(self, what: str, *details: Any) -> None:
        self.events.append((self.now, what, *details))

    @rule(minutes=WAITS)
    def wait(self, minutes: int) -> None:
        self.now += minutes
        self.world.until(self.at - 1)

    @rule(rid=RIDS)
    def start(self, rid: str | None) -> None:
        self.happens("start", rid)
        self.world.start(self.at, rid=rid)

    @rule(rid=RIDS)
    def success(self, rid: str | None) -> None:
        self.happens("finish", True, rid)
        self.world.success(self.at, rid=rid)

    @rule(rid=RIDS, exit_code=st.integers(1, 255))
    def failed(self, rid: str | None, exit_code: int) -> None:
        self.happens("finish", False, rid)
        self.world.failed(self.at, rid=rid, exit_code=exit_code, keyed=True)

    @rule()
    def log(self) -> None:
        self.world.log(self.at)

    @rule(minutes=st.one_of(st.none(), st.integers(1, 100)))
    def pause(self, minutes: int | None) -> None:
        self.happens("pause", None if minutes is None else self.now + minutes)
        self.world.pause(self.at, None if minutes is None else self.at + minutes * MINUTE)

    @rule()
    def resume(self) -> None:
        self.happens("resume")
        self.world.resume(self.at)

    @rule(after=st.integers(0, 40), minutes=st.integers(1, 60))
    def maintain(self, after: int, minutes: int) -> None:
        start, end = self.now + after, self.now + after + minutes
        self.happens("maintenance", start, end)
        self.world.maintain(t("00:00") + start * MINUTE, t("00:00") + end * MINUTE)

    @precondition(lambda self: not self.stepped)
    @rule(period=PERIODS)
    def reschedule(self, period: int) -> None:
        if period == self.asked["period"]:
            return
        self.asked["period"], self.rescheduled = period, True
        self.happens("reschedule", period)
        self.world.reschedule(self.at, self.schedule(period))

    @rule(grace=GRACES, max_runtime=RUNTIMES)
    def change_limits(self, grace: int, max_runtime: int | None) -> None:
        if (grace, max_runtime) == (self.asked["grace"], self.asked["max_runtime"]):
            return
        self.asked |= {"grace": grace, "max_runtime": max_runtime}
        self.happens("limits", grace, max_runtime)
        runtime_ms = None if max_runtime is None else max_runtime * MINUTE
        self.world.change_rules(self.at, grace_ms=grace * MINUTE, max_runtime_ms=runtime_ms)

    @precondition(lambda self: not self.rescheduled)
    @rule(by=st.one_of(st.integers(-120, -1), st.integers(1, 180)))
    def step(self, by: int) -> None:
        self.happens("step", by)
        self.stepped = True
        # An interval monitor lives through the same instants twice; where the ledger has no room, all moves by 1 ms.
        self.exact = self.exact and (by > 0 or self.asked["calendar"])
        self.now += by
        self.world.step(self.at, by * MINUTE)

    @rule(minutes=st.one_of(st.integers(1, 20), st.sampled_from([60, 480])))
    def outage(self, minutes: int) -> None:
        self.happens("outage", minutes)
        self.world.deaf(self.at, self.at + minutes * MINUTE)
        self.now += minutes
        self.world.judge(self.at)
        self.world.until(self.at)

    @invariant()
    def a_paused_monitor_has_no_incident(self) -> None:
        if self.world.status == "paused":
            assert self.world.incident is None

    @invariant()
    def the_open_incident_is_the_one_the_state_knows(self) -> None:
        incident = self.world.incident
        assert self.world.state.incident_id == (None if incident is None else incident.id)

    @invariant()
    def nothing_is_forgotten(self) -> None:
        """Something is always waited for, unless the monitor is paused for good."""
        if self.world.status != "paused":
            assert self.world.state.deadline_at is not None

    @invariant()
    def every_run_that_ended_is_recorded(self) -> None:
        opened = {run.id for run in self.world.state.open_runs}
        assert opened <= self.world.runs.keys()

    def teardown(self) -> None:
        if not hasattr(self, "world") or not self.exact:
            return
        oracle = self.replayed()
        assert self.seen() == self.wanted(oracle), self.events

    def replayed(self) -> Oracle:
        asked = self.first
        oracle = Oracle(
            asked["begin"], asked["calendar"], asked["period"], asked["grace"], asked["max_runtime"],
            asked["overlap"], asked["failures"], asked["recoveries"],
        )  # fmt: skip
        return oracle.replay([*self.events, (self.now, "end")])

    def seen(self) -> dict[str, Any]:
        world = self.world
        outcomes: Counter[str] = Counter()
        for entry in world.entries:
            outcomes[entry.outcome.value] += entry.count
        return {
            "status": world.status,
            "outcomes": outcomes,
            "told": world.kinds,
            "streaks": (world.state.good, world.state.bad),
            "open": len(world.state.open_runs),
        }

    def wanted(self, oracle: Oracle) -> dict[str, Any]:
        return {
            "status": oracle.status,
            "outcomes": Counter(oracle.ledger.values()),
            "told": oracle.told,
            "streaks": (oracle.good, oracle.bad),
            "open": len(oracle.open()),
        }


class Pure(Watched):
    """In a world without a store."""


class Stored(Watched):
    """In a real SQLite file, which is closed and opened again at times."""

    def make(self) -> Any:
        self.folder = TemporaryDirectory()
        return stored_monitor(Path(self.folder.name) / "seestackd.db", **self.wanted_monitor())

    @rule()
    def restart(self) -> None:
        self.world.restart()

    @invariant()
    def every_finishing_ping_has_a_run(self) -> None:
        assert self.world.rows("SELECT * FROM pings WHERE kind IN ('success', 'failed') AND run_id IS NULL") == []

    @invariant()
    def the_judge_wakes_in_time(self) -> None:
        late = "wake_at IS NULL AND deadline_at IS NOT NULL OR wake_at > deadline_at"
        assert self.world.rows(f"SELECT * FROM monitor_state WHERE {late}") == []

    @invariant()
    def at_most_one_incident_is_open(self) -> None:
        assert self.world.rows("SELECT count(*) FROM incidents WHERE closed_at IS NULL")[0][0] <= 1

    def seen(self) -> dict[str, Any]:
        # From the sixth opening in a day on it is told as flapping.
        return {**super().seen(), "told": [OPENS.get(kind, kind) for kind in self.world.kinds]}

    def wanted(self, oracle: Oracle) -> dict[str, Any]:
        return {**super().wanted(oracle), "told": [OPENS.get(kind, kind) for kind in oracle.told]}

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            super().teardown()
        finally:
            self.world.close()
            self.folder.cleanup()


def lives(machine: type[Watched], examples: int, steps: int) -> type[TestCase]:
    case: type[TestCase] = type(f"{machine.__name__}{steps}", (machine,), {}).TestCase
    case.settings = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )
    return case


TestPureCore = lives(Pure, 100, 50)
TestRealStore = lives(Stored, 12, 25)
TestPureCoreForLong = pytest.mark.long(pytest.mark.timeout(3600)(lives(Pure, 20_000, 50)))
TestRealStoreForLong = pytest.mark.long(pytest.mark.timeout(3600)(lives(Stored, 400, 50)))
