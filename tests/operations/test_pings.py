"""Recording what jobs report, in a real store."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from seestackd.core.pings import PingKind
from seestackd.errors import NotFound
from seestackd.operations.monitors import MonitorNamed, archive
from seestackd.operations.pings import Recorded, RecordPing, archived_pings, record, record_or_count
from tests.core.world import DAY, HOUR, MINUTE, SECOND, t
from tests.operations.place import Place


def say(place: Place, kind: str, at: int, **more: Any) -> Recorded:
    said: Recorded = place.do(record, RecordPing(place.project, "backup", PingKind(kind), **more), at)
    return said


def outcomes(place: Place) -> list[str]:
    return [row.outcome.value for row in place.read(lambda tx: tx.slots.latest(1, 99))][::-1]


def runs(place: Place) -> list[tuple[Any, ...]]:
    found = place.read(lambda tx: tx.runs.latest(1, 99))
    return [(run.rid, run.outcome, run.duration_ms) for run in found][::-1]


def test_a_ping_is_kept_with_all_it_said(place: Place) -> None:
    place.add()
    say(
        place, "failed", t("01:00:10"), duration_ms=4000, exit_code=7, rid="r-1", message="disk", output="a\nb",
        output_size=3, source="10.0.0.1", host="db1", trace_id="f" * 32,
    )  # fmt: skip

    (stored,) = place.read(lambda tx: tx.pings.latest(1, 9))
    ping = stored.ping
    assert (ping.kind, ping.at, ping.duration_ms, ping.exit_code, ping.rid) == ("failed", t("01:00:10"), 4000, 7, "r-1")
    assert (ping.message, ping.source, ping.host, ping.trace_id) == ("disk", "10.0.0.1", "db1", "f" * 32)
    assert place.read(lambda tx: tx.pings.output(stored.id)) == "a\nb"
    (run,) = place.read(lambda tx: tx.runs.latest(1, 9))
    assert (run.exit_code, run.host, run.ok, run.started_at) == (7, "db1", False, t("01:00:06"))
    assert stored.run_id == run.id


def test_an_unknown_slug_is_said_and_leaves_nothing(place: Place) -> None:
    with pytest.raises(NotFound, match="No cron monitor found with slug: backup"):
        say(place, "success", t("01:00"))

    assert place.read(lambda tx: tx.pings.last_arrival()) is None


def test_a_key_seen_before_gets_the_first_answer_and_changes_nothing(place: Place) -> None:
    place.add()
    first = say(place, "failed", t("01:00:10"), key="k")
    again = say(place, "failed", t("01:20"), key="k")

    assert (again.ping_id, again.repeated, first.repeated) == (first.ping_id, True, False)
    assert (place.state().bad, len(place.read(lambda tx: tx.pings.latest(1, 9)))) == (1, 1)
    assert not say(place, "success", t("01:21"), key="k").repeated, "a key counts for its kind"


def test_a_keyless_failure_sent_again_within_30_s_adds_nothing(place: Place) -> None:
    place.add(failures_before_alert=2)
    say(place, "failed", t("01:00:10"), exit_code=1, message="disk")
    say(place, "failed", t("01:00:40"), exit_code=1, message="disk")
    assert (place.state().bad, place.told) == (1, [])

    say(place, "failed", t("01:01:11"), exit_code=1, message="disk")
    assert place.state().bad == 2
    pings = place.read(lambda tx: tx.pings.latest(1, 9))
    assert all(ping.run_id is not None for ping in pings), "every finishing ping belongs to a run"


@pytest.mark.parametrize(
    ("own_at", "sent_at", "at"),
    [
        (t("00:10"), t("00:40"), t("02:40")),
        (t("05:00"), t("05:30"), t("02:40")),
        (t("02:50"), None, t("02:50")),
        (t("04:00"), t("03:00"), t("03:10")),
        (t("00:10") - 30 * DAY, t("00:10"), t("03:10") - 7 * DAY),
    ],
)
def test_a_spooled_ping_counts_from_its_own_time_on_the_daemons_clock(
    place: Place, own_at: int, sent_at: int | None, at: int
) -> None:
    place.add()
    say(place, "success", t("03:10"), own_at=own_at, sent_at=sent_at)

    (stored,) = place.read(lambda tx: tx.pings.latest(1, 1))
    assert (stored.ping.at, stored.ping.arrived_at) == (at, t("03:10"))


def test_a_whole_spooled_run_is_told_of_as_it_was(place: Place) -> None:
    place.add("backup", "0 1 * * *", max_runtime="30m")
    place.judge(t("01:05"))
    say(place, "start", t("03:00"), own_at=t("01:00:10"), sent_at=t("03:00"))
    place.judge(t("03:00:01"))
    say(place, "success", t("03:00:02"), own_at=t("01:20"), sent_at=t("03:00:02"))

    assert runs(place) == [(None, "late", 19 * MINUTE + 50 * SECOND)]
    assert outcomes(place) == ["late"]
    assert place.told == [("missed", "ops"), ("recovered", "ops")]


def test_runs_of_several_monitors_are_kept_apart(place: Place) -> None:
    place.add("a")
    place.add("b")
    place.ping("start", t("01:00:01"), "a")
    place.ping("start", t("01:00:02"), "b")
    place.success(t("01:00:30"), "a")
    place.failed(t("01:01:00"), "b")

    assert (place.state("a").status, place.state("b").status) == ("healthy", "failed")
    assert [run.duration_ms for run in place.read(lambda tx: tx.runs.latest(1, 9))] == [29 * SECOND]
    assert [run.duration_ms for run in place.read(lambda tx: tx.runs.latest(2, 9))] == [58 * SECOND]


def test_pings_of_an_archived_monitor_are_refused_and_counted(place: Place) -> None:
    monitor = place.add()
    place.do(archive, MonitorNamed(place.project, "backup"), t("00:40"))
    command = RecordPing(place.project, "backup", PingKind.SUCCESS)

    assert isinstance(place.do(record_or_count, command, t("01:00")), NotFound)
    assert place.read(lambda tx: archived_pings(tx, monitor.id, 0)) == 1


def test_everything_a_status_change_causes_is_in_the_same_transaction(place: Place, tmp_path: Path) -> None:
    """Whatever a reader sees between two commits, the incident and its alert are there with the status."""
    place.add()
    for number, kind in enumerate(["failed", "success", "failed", "success"]):
        place.ping(kind, t("01:00:10") + number * MINUTE)
        with closing(sqlite3.connect(tmp_path / "seestackd.db")) as file:
            status, incident = file.execute("SELECT status, incident_id FROM monitor_state").fetchone()
            still_open = file.execute("SELECT count(*) FROM incidents WHERE closed_at IS NULL").fetchone()[0]
            told = file.execute("SELECT count(*) FROM outbox").fetchone()[0]
        assert (incident is not None, still_open) == (status == "failed", int(status == "failed"))
        assert told == number + 1


def test_the_facts_of_an_alert_name_the_slot_that_it_is_about(place: Place) -> None:
    place.add(failures_before_alert=3)
    for hour in (1, 2, 3):
        place.judge(t(f"{hour:02}:05"))

    facts = place.facts("missed")
    assert (facts["expected_at"], facts["deadline_at"], facts["bad"]) == (t("03:00"), t("03:05"), 3)


def test_a_long_life_keeps_the_chain_of_pings_and_runs(place: Place) -> None:
    place.add("backup", "1h")
    for number in range(50):
        place.success(t("01:00") + number * HOUR)

    assert len(place.read(lambda tx: tx.pings.latest(1, 99))) == 50
    assert len(runs(place)) == 50
