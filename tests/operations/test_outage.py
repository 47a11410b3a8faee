"""A daemon that was away for eight hours, with a thousand monitors on a real store (semantics.md 6)."""

from collections import Counter
from pathlib import Path

from seestackd.core.alerts import Routing
from seestackd.core.monitor import HOUR_MS, MINUTE_MS, Rules, new_monitor
from seestackd.core.pings import PingKind
from seestackd.operations.blind import Hear, Listen, hear, listen, tell_blind
from seestackd.operations.monitors import AddMonitor, add
from seestackd.operations.pings import RecordPing, record
from seestackd.store.interface import Transaction
from tests.core.world import t
from tests.operations.place import Place, a_place

MONITORS = 1_000
DEAD = 40
GRACE = 5 * MINUTE_MS
EARLY = 5 * MINUTE_MS
AWAY, BACK = t("06:30"), t("14:30")
SETTLED = BACK + 20_000


def slug(number: int) -> str:
    return f"job-{number}"


def minute(number: int) -> int:
    """The minute of the hour at which a job runs, once an hour."""
    return number * 7 % 60


def watch_all(tx: Transaction, project: int, at: int) -> None:
    """Half of them by the calendar, half by an interval."""
    for number in range(MONITORS):
        schedule = f"{minute(number)} * * * *" if number % 2 else "1h"
        new = new_monitor(slug(number), schedule, rules=Rules(grace_ms=GRACE))
        add(tx, AddMonitor(project, new, slug(number)), at)


def jobs_run(place: Place, since: int, until: int, besides: range = range(0)) -> None:
    """Every job reports at its minute; silence is judged every minute."""
    for at in range(since - since % MINUTE_MS + MINUTE_MS, until, MINUTE_MS):
        now = at // MINUTE_MS % 60
        due = [number for number in range(MONITORS) if minute(number) == now and number not in besides]
        place.do(report, (place.project, due), at)
        place.judge(at)


def report(tx: Transaction, command: tuple[int, list[int]], at: int) -> None:
    project, numbers = command
    for number in numbers:
        record(tx, RecordPing(project, slug(number), PingKind.SUCCESS), at)


def test_nobody_is_called_missed_one_notice_goes_out_and_dead_jobs_are_reported_in_time(tmp_path: Path) -> None:
    dead = range(DEAD)
    with a_place(tmp_path, Routing(default_channels=("ops", "mail"))) as place:
        place.do(watch_all, place.project, AWAY - 70 * MINUTE_MS)
        jobs_run(place, AWAY - 70 * MINUTE_MS, AWAY)
        place.do(hear, Hear("local", 0, "one"), AWAY)

        place.do(listen, Listen(Hear("local", 0, "two"), False), BACK)
        place.judge(SETTLED)
        assert place.told == []
        place.do(tell_blind, None, SETTLED + MINUTE_MS)
        assert place.told == [("blind", "ops"), ("blind", "mail")]
        assert place.facts("blind")["unknown"] >= MONITORS

        # A slot within the early tolerance of the outage may have been answered during it: the one after it counts.
        reported_by = BACK + EARLY + HOUR_MS + GRACE
        jobs_run(place, BACK, reported_by + 3 * MINUTE_MS, besides=dead)
        place.do(tell_blind, None, BACK + 2 * HOUR_MS)

        missed = [row for row in place.rows if row.alert.kind == "missed"]
        late = [row.created_at - reported_by for row in missed]
        assert Counter(row.alert.facts["slug"] for row in missed) == {slug(number): 2 for number in dead}
        assert max(late) <= MINUTE_MS, "its next slot plus grace, and a tick of this test"
        assert Counter(kind for kind, _ in place.told) == {"blind": 2, "missed": 2 * DEAD}
