"""Everything there is to say about one monitor, from a real store."""

from datetime import time

import pytest

from seestackd.core.alerts import ChannelRules, EscalationStep, QuietHours, Routing
from seestackd.core.incidents import Severity
from seestackd.errors import NotFound
from seestackd.operations import monitors
from seestackd.operations.explain import Explanation, explain
from seestackd.operations.monitors import MonitorNamed
from tests.core.test_alerts import local
from tests.core.world import HOUR, MINUTE, SECOND, t
from tests.operations.place import Place

ROUTING = Routing(
    default_channels=("ops", "mail", "chat"),
    rules={
        "mail": ChannelRules(min_severity=Severity.CRITICAL, recoveries=False),
        "chat": ChannelRules(quiet=QuietHours(time(22), time(7))),
    },
    escalation=(EscalationStep(HOUR, ("pager",)),),
    timezone="Europe/Berlin",
)


def explained(place: Place, at: int, slug: str = "backup") -> Explanation:
    place.clock.at = at
    said: Explanation = place.runner.read_now(explain, MonitorNamed(place.project, slug))
    return said


def heard(said: Explanation) -> dict[str, list[str]]:
    """What every channel hears of each kind: "told", or why it is not."""
    return {told.kind.value: [f"{each.channel}: {each.reason}" for each in told.hearers] for told in said.told}


def test_who_is_told_of_what_and_why_the_others_are_not(place: Place) -> None:
    place.route(ROUTING)
    place.add(slow_factor=2)
    said = explained(place, t("23:00"))

    critical = ["ops: told", "mail: told", "chat: told"]
    warning = ["ops: told", "mail: wants nothing below critical", "chat: waits for the end of its quiet hours"]
    assert heard(said) == {
        "missed": critical,
        "failed": critical,
        "overrun": critical,
        "unknown": warning,
        "slow": warning,
        "reminder": critical,
        "recovered": ["ops: told", "mail: wants no recoveries", "chat: told"],
    }
    assert (said.channels_from, said.reminders_in) == ("default", "Europe/Berlin")
    assert said.escalation == ROUTING.escalation


def test_slow_runs_are_left_out_where_nobody_asked_for_them(place: Place) -> None:
    place.add()

    assert "slow" not in heard(explained(place, t("00:40")))


def test_a_silenced_incident_says_so_for_every_channel(place: Place) -> None:
    place.add()
    place.judge(t("01:05"))
    place.silence(t("01:10"), until=t("05:00"))
    said = explained(place, t("01:20"))

    assert said.incident is not None
    assert said.incident.silenced_until == t("05:00")
    assert {reason for reasons in heard(said).values() for reason in reasons} == {
        "ops: the incident is silenced", "ops: waits for the end of the silence",
    }  # fmt: skip
    assert heard(explained(place, t("05:00")))["missed"] == ["ops: told"]


def test_the_last_ten_slots_are_told_with_their_reasons_newest_first(place: Place) -> None:
    place.add(at=t("00:30"))
    for hour in range(1, 12):
        place.success(t(f"{hour:02}:01"))
    place.judge(t("12:05"))
    said = explained(place, t("12:10"))

    assert len(said.last_slots) == 10
    newest, before = said.last_slots[:2]
    assert (newest.first_at, newest.outcome, newest.reason) == (t("12:00"), "missed", "no ping by the deadline")
    assert (before.first_at, before.outcome) == (t("11:00"), "on_time")


def test_windows_that_are_to_come_are_told_and_their_slots_marked(place: Place) -> None:
    place.add(at=t("00:30"))
    place.maintain(t("00:31"), t("02:30"), t("03:30"))
    said = explained(place, t("00:40"))
    assert [window.title for window in said.windows] == ["work"]
    assert [each.slot for each in said.coming if each.reason] == [t("03:00")]

    assert explained(place, t("03:30")).windows == ()


def test_a_job_that_runs_by_another_clock_gets_the_hint_from_what_was_stored(place: Place) -> None:
    place.add(schedule="0 3 * * *", at=local("2026-07-01 00:00"), timezone="UTC")
    for day in range(2, 9):
        place.success(local(f"2026-07-0{day} 03:00") + 4 * SECOND, duration_ms=2 * SECOND)

    (hint,) = explained(place, local("2026-07-08 12:00")).hints
    assert hint.startswith("the last 7 runs came about 2 h before the expected time: is UTC the zone")


def test_a_minute_job_that_is_punctual_gets_no_hint(place: Place) -> None:
    place.add(schedule="* * * * *", at=t("00:30"))
    for minute in range(31, 55):
        place.success(t(f"00:{minute}") + 2 * SECOND)

    assert explained(place, t("00:55")).hints == ()


def test_a_grace_that_runs_use_up_gets_the_hint_from_what_was_stored(place: Place) -> None:
    place.add(schedule="0 * * * *", at=t("00:30"), grace="10m")
    for hour in range(1, 12):
        place.ping("start", t(f"{hour:02}:09"))
        place.success(t(f"{hour:02}:10"))

    assert explained(place, t("11:30")).hints == (
        "runs come late enough to use up most of the grace of 10 min: 20 min would leave room",
    )


def test_a_paused_monitor_expects_nothing_and_forgets_nothing(place: Place) -> None:
    place.add(at=t("00:30"))
    place.success(t("01:01"))
    place.pause(t("01:10"))
    said = explained(place, t("01:20"))

    assert (said.view.status, said.coming, len(said.last_slots)) == ("paused", (), 1)


def test_explaining_changes_nothing(place: Place) -> None:
    place.add(schedule="1h", at=t("00:30"))
    place.pause(t("00:40"), until=t("02:00"))
    before = place.state()
    explained(place, t("00:50"))

    assert place.state() == before


def test_what_does_not_exist_is_not_found(place: Place) -> None:
    place.add("old")
    place.do(monitors.archive, place.named("old"), t("01:00"))

    for slug in ("old", "gone"):
        with pytest.raises(NotFound, match=f"No cron monitor found with slug: {slug}"):
            explained(place, t("01:00") + MINUTE, slug)
