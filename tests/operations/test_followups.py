"""What comes due while an incident stays open: reminders, escalation, the end of a silence (semantics.md 7)."""

from datetime import time

import pytest

from seestackd.core.alerts import ChannelRules, EscalationStep, QuietHours, Routing
from seestackd.core.incidents import Severity
from seestackd.operations import monitors
from seestackd.operations.followups import FollowUp, follow_up
from seestackd.operations.maintenance import RemoveMaintenance, remove
from tests.core.test_alerts import local
from tests.core.world import HOUR, MINUTE, t
from tests.operations.place import Place
from tests.operations.test_incidents import unheard

STEPS = (EscalationStep(30 * MINUTE, ("pager",)), EscalationStep(2 * HOUR, ("boss", "pager")))
ESCALATING = Routing(("ops",), escalation=STEPS)


def down(place: Place, *slugs: str, at: int = t("01:00"), **more: object) -> None:
    """Jobs that fail at `at`."""
    for slug in slugs:
        place.add(slug, "1d", at=t("00:30"), **more)
        place.failed(at, slug, exit_code=1)


def reminded(place: Place) -> list[tuple[str, int, list[str]]]:
    """(channel, instant, slugs) of every reminder."""
    return [
        (row.alert.channel, row.alert.next_attempt_at or 0, [line["slug"] for line in row.alert.facts["down"]])
        for row in place.rows
        if row.alert.kind.value == "reminder"
    ]


def test_what_is_still_down_is_reminded_of_daily_at_nine(place: Place) -> None:
    down(place, "backup")
    place.follow_until(t("12:00", day=3))

    # It opened at 01:00: at nine of that day only eight hours have passed.
    assert reminded(place) == [("ops", t("09:00", day=day), ["backup"]) for day in (1, 2, 3)]
    (line,) = place.facts("reminder")["down"]
    assert (line["kind"], line["since"], line["exit_code"]) == ("failed", t("01:00"), 1)
    assert place.facts("reminder")["next_at"] == t("09:00", day=4)


def test_one_message_lists_all_that_is_down_and_not_acknowledged(place: Place) -> None:
    down(place, "one", "two", "three", "four")
    place.success(t("02:00"), "two")
    place.ack(t("02:10"))  # the newest is that of "four"
    place.follow_until(t("12:00", day=1))

    assert reminded(place) == [("ops", t("09:00", day=1), ["one", "three"])]


def test_every_channel_is_reminded_of_what_it_was_told(place: Place) -> None:
    down(place, "one", channels=("ops",))
    down(place, "two", channels=("ops", "mail"))
    place.follow_until(t("12:00", day=1))

    assert reminded(place) == [("ops", t("09:00", day=1), ["one", "two"]), ("mail", t("09:00", day=1), ["two"])]


def test_a_monitor_is_reminded_of_as_often_as_it_asks(place: Place) -> None:
    down(place, "backup", remind_every="4h")
    place.follow_until(t("13:30"))

    assert [at for _, at, _ in reminded(place)] == [t("05:00"), t("09:00"), t("13:00")]


def test_nine_is_nine_by_the_clocks_of_the_daemons_zone(place: Place) -> None:
    place.route(Routing(("ops",), timezone="Europe/Berlin"))
    place.add("backup", "1d", at=local("2026-03-27 06:00"))
    place.failed(local("2026-03-27 08:00"))
    place.follow_until(local("2026-03-30 12:00"))

    days = ("28", "29", "30")  # the clocks change in the night to the 29th
    assert [at for _, at, _ in reminded(place)] == [local(f"2026-03-{day} 09:00") for day in days]


def test_a_reminder_that_the_daemon_slept_through_is_sent_once_when_it_is_back(place: Place) -> None:
    down(place, "backup")
    place.follow(t("11:00", day=3))
    place.follow(t("11:05", day=3))

    assert reminded(place) == [("ops", t("11:00", day=3), ["backup"])]
    assert place.incident.next_action_at == t("09:00", day=4)


def test_the_end_of_an_incident_ends_its_reminders(place: Place) -> None:
    place.route(ESCALATING)
    down(place, "backup")
    place.success(t("01:10"))

    assert place.follow(t("12:00", day=2)).incidents == 0
    assert place.told == [("failed", "ops"), ("recovered", "ops")]


@pytest.mark.parametrize("end", ["paused", "removed"])
def test_nobody_is_reminded_of_a_monitor_that_is_paused_or_gone(place: Place, end: str) -> None:
    place.route(ESCALATING)
    down(place, "backup")
    if end == "paused":
        place.pause(t("01:10"))
    else:
        place.do(monitors.remove, place.named(), t("01:10"))
    place.follow(t("12:00", day=2))

    assert place.told == [("failed", "ops")]


def test_the_reminder_of_a_warning_waits_for_the_end_of_quiet_hours(place: Place) -> None:
    place.route(Routing(("ops",), rules={"ops": ChannelRules(quiet=QuietHours(time(8), time(10)))}))
    unheard(place)
    down(place, "worse", at=t("23:10"))
    place.follow_until(t("09:30", day=2))

    held = (t("10:00", day=2), Severity.WARNING, ["backup"])
    now = (t("09:00", day=2), Severity.CRITICAL, ["worse"])
    rows = [row for row in place.rows if row.alert.kind.value == "reminder"]
    assert [
        (row.alert.next_attempt_at, row.alert.severity, [line["slug"] for line in row.alert.facts["down"]])
        for row in rows
    ] == [held, now]


def test_what_nobody_acknowledges_escalates_step_by_step(place: Place) -> None:
    place.route(ESCALATING)
    down(place, "backup")
    place.follow_until(t("08:00"))

    steps = [row for row in place.rows if row.alert.kind.value == "escalation"]
    assert [(row.alert.channel, row.alert.next_attempt_at) for row in steps] == [
        ("pager", t("01:30")),
        ("boss", t("03:00")),
        ("pager", t("03:00")),
    ]
    facts = steps[0].alert.facts
    assert (facts["problem"], facts["opened_at"], facts["exit_code"]) == ("failed", t("01:00"), 1)
    assert steps[0].alert.severity is Severity.CRITICAL


def test_an_acknowledgement_stops_the_escalation(place: Place) -> None:
    place.route(ESCALATING)
    down(place, "backup")
    place.follow_until(t("01:45"))
    place.ack(t("01:50"))
    place.follow_until(t("12:00", day=2))

    assert place.told == [("failed", "ops"), ("escalation", "pager")]


def test_who_heard_by_escalation_hears_of_the_end_and_is_reminded(place: Place) -> None:
    place.route(ESCALATING)
    down(place, "backup")
    place.follow_until(t("09:00", day=1))
    assert {channel for channel, _, _ in reminded(place)} == {"ops", "pager", "boss"}

    place.success(t("10:00", day=1))
    assert {channel for kind, channel in place.told if kind == "recovered"} == {"ops", "pager", "boss"}


def test_the_escalation_of_a_flapping_job_waits_in_no_digest(place: Place) -> None:
    place.route(ESCALATING)
    place.add("backup", "1d", at=t("00:30"))
    for number in range(7):
        place.failed(t("01:00") + 2 * number * MINUTE)
        place.success(t("01:01") + 2 * number * MINUTE)
    place.failed(t("01:20"))
    place.follow_until(t("01:50"))

    assert place.rows[-2].alert.facts["digest_only"] is True
    assert (place.told[-1], "digest_only" in place.facts("escalation")) == (("escalation", "pager"), False)


def test_after_a_silence_those_who_were_not_told_hear_of_the_opening(place: Place) -> None:
    place.add("backup", "1d", at=t("00:30"))
    place.failed(t("01:00"))
    place.silence(t("01:10"), until=t("05:00"))
    place.route(Routing(("ops", "mail")))
    place.follow(t("05:00"))

    assert place.told == [("failed", "ops"), ("failed", "mail")]
    assert place.incident.silenced_until is None
    assert place.incident.next_action_at == t("09:00", day=1)


def test_a_silence_holds_back_a_warning_that_waited_for_the_morning_until_it_ends(place: Place) -> None:
    place.route(Routing(("ops",), rules={"ops": ChannelRules(quiet=QuietHours(time(20), time(7)))}))
    unheard(place)
    assert place.facts("unknown")["held_by"] == "quiet hours"
    place.silence(t("23:30"), until=t("12:00", day=1))
    assert place.told == []

    place.follow_until(t("12:00", day=1))
    assert [(row.alert.kind.value, row.alert.next_attempt_at) for row in place.rows if row.state == "pending"] == [
        ("unknown", t("12:00", day=1))
    ]
    assert place.facts("unknown")["held_by"] == "a silence"


def test_a_silence_holds_back_the_escalation_until_it_ends(place: Place) -> None:
    place.route(ESCALATING)
    down(place, "backup")
    place.silence(t("01:10"), until=t("05:00"))
    place.follow_until(t("04:59"))
    assert place.told == [("failed", "ops")]

    place.follow_until(t("05:00"))
    assert place.since(1) == [("escalation", "pager"), ("escalation", "boss"), ("escalation", "pager")]


def test_reminders_that_a_silence_swallowed_are_not_made_up_for(place: Place) -> None:
    down(place, "backup")
    place.silence(t("02:00"), until=t("15:00", day=2))
    place.follow_until(t("12:00", day=3))

    assert reminded(place) == [("ops", t("09:00", day=3), ["backup"])]


def test_who_is_told_belatedly_is_not_reminded_in_the_same_breath(place: Place) -> None:
    down(place, "backup", remind_every="1h")
    place.silence(t("01:10"), until=t("05:00"))
    place.route(Routing(("ops", "mail")))
    place.follow_until(t("05:30"))

    assert place.since(1) == [("failed", "mail"), ("reminder", "ops")]


def test_a_silence_that_ends_after_the_incident_tells_those_who_knew_of_it_that_it_is_over(place: Place) -> None:
    down(place, "backup")
    place.silence(t("01:10"), until=t("05:00"))
    place.success(t("02:00"))

    assert place.follow(t("06:00")).incidents == 0
    assert place.told == [("failed", "ops"), ("recovered", "ops")]
    assert place.rows[-1].alert.next_attempt_at == t("05:00")


def test_an_acknowledged_incident_is_still_told_after_its_silence_to_those_who_do_not_know(place: Place) -> None:
    place.route(ESCALATING)
    down(place, "backup")
    place.silence(t("01:10"), until=t("05:00"))
    place.ack(t("01:20"))
    place.route(Routing(("ops", "mail"), escalation=STEPS))
    place.follow_until(t("12:00", day=2))

    assert place.since(1) == [("failed", "mail")]


def test_reminders_and_escalation_wait_for_the_end_of_maintenance(place: Place) -> None:
    place.route(ESCALATING)
    down(place, "backup")
    place.maintain(t("01:10"), t("01:20"), t("11:00", day=1))
    place.follow_until(t("10:59", day=1))
    assert place.told == [("failed", "ops")]

    place.follow_until(t("11:00", day=1))
    assert place.since(1)[:3] == [("escalation", "pager"), ("escalation", "boss"), ("escalation", "pager")]
    assert {at for _, at, _ in reminded(place)} == {t("11:00", day=1)}


def test_maintenance_of_others_holds_back_nothing(place: Place) -> None:
    place.route(ESCALATING)
    down(place, "backup", "other")
    place.maintain(t("01:10"), t("01:20"), t("11:00", day=1), slugs=("other",))
    place.follow_until(t("01:45"))

    assert place.since(2) == [("escalation", "pager")]


def test_a_window_that_is_called_off_holds_back_nothing_more(place: Place) -> None:
    place.route(ESCALATING)
    down(place, "backup")
    uid = place.maintain(t("01:10"), t("01:20"), t("11:00", day=1))
    place.follow_until(t("02:00"))
    place.do(remove, RemoveMaintenance(place.project, uid), t("02:10"))
    place.follow_until(t("02:15"))

    assert place.since(1) == [("escalation", "pager")]


def test_many_incidents_are_followed_in_batches(place: Place) -> None:
    down(place, *(f"job-{number}" for number in range(5)), remind_every="1h")
    first = place.do(follow_up, FollowUp(limit=3), t("02:00"))
    second = place.do(follow_up, FollowUp(limit=3), t("02:00"))

    assert (first.incidents, first.more, second.incidents, second.more) == (3, True, 2, False)
    assert sum(len(slugs) for _, _, slugs in reminded(place)) == 5
    assert second.next_action_at == t("03:00")
