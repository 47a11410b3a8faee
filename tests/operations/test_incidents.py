"""Incidents open, change and close with the status that causes them; the right channels hear of it (semantics.md 7)."""

from dataclasses import replace
from datetime import time

import pytest

from seestackd.core.alerts import ChannelRules, EscalationStep, QuietHours, Routing
from seestackd.core.incidents import AlertKind, Severity
from seestackd.errors import Conflict, NotFound
from seestackd.operations import incidents, monitors
from seestackd.operations.blind import Blinded, blinded
from seestackd.operations.incidents import AckIncident, ListIncidents
from tests.core.world import HOUR, MINUTE, t
from tests.operations.place import Place

NIGHT = ChannelRules(quiet=QuietHours(time(22), time(7)))
TWO = Routing(default_channels=("ops", "mail"))


def slow_job(place: Place) -> None:
    """A job that takes a minute, five times, every hour from 15:00, and is due again at 20:00."""
    place.add(schedule="0 * * * *", at=t("14:30"), slow_factor=2)
    for hour in range(15, 20):
        place.success(t(f"{hour}:01"), duration_ms=MINUTE)


def unheard(place: Place) -> None:
    """Open an incident of kind unknown at 23:05: three slots in a row that could not have been heard."""
    place.add(schedule="0 * * * *", at=t("20:30"))
    for hour in (21, 22, 23):
        place.do(blinded, Blinded(t(f"{hour - 1}:50"), t(f"{hour}:06"), "commits failed"), t(f"{hour}:06"))
        place.judge(t(f"{hour}:07"))


def test_everybody_who_should_hears_of_the_opening_and_of_the_recovery(place: Place) -> None:
    place.route(TWO)
    place.add()
    place.judge(t("01:05"))

    assert place.told == [("missed", "ops"), ("missed", "mail")]
    assert (place.incident.kind, place.incident.severity) == (AlertKind.MISSED, Severity.CRITICAL)
    assert (place.incident.began_at, place.incident.opened_at) == (t("01:05"), t("01:05"))

    place.success(t("01:30"))
    assert place.since(2) == [("recovered", "ops"), ("recovered", "mail")]
    assert (place.incident.closed_at, place.incident.next_action_at) == (t("01:30"), None)
    recovery = place.facts("recovered")
    assert (recovery["problem"], recovery["began_at"], recovery["missed"]) == ("missed", t("01:05"), 1)


def test_the_recovery_goes_to_those_who_were_told_whatever_the_routing_says_by_now(place: Place) -> None:
    place.add()
    place.failed(t("01:00"))
    place.route(Routing(default_channels=("mail",)))
    place.success(t("02:00"))

    assert place.told == [("failed", "ops"), ("recovered", "ops")]


def test_a_channel_that_wants_critical_alerts_only_hears_of_no_warning_and_of_no_recovery_from_it(place: Place) -> None:
    place.route(replace(TWO, rules={"mail": ChannelRules(min_severity=Severity.CRITICAL)}))
    unheard(place)
    place.success(t("23:30"))

    assert place.told == [("unknown", "ops"), ("recovered", "ops")]


def test_channels_go_by_tag_where_the_monitor_names_none(place: Place) -> None:
    place.route(Routing(("ops",), {"db": ("pager",)}))
    place.add("tagged", tags=("db",))
    place.add("own", tags=("db",), channels=("chat",))
    place.add("silent", channels=())
    for slug in ("tagged", "own", "silent"):
        place.failed(t("01:00"), slug)

    assert place.told == [("failed", "pager"), ("failed", "chat")]


def test_a_missed_job_that_then_fails_is_news(place: Place) -> None:
    place.add()
    place.judge(t("01:05"))
    place.failed(t("01:10"), exit_code=3)

    assert place.told == [("missed", "ops"), ("changed", "ops")]
    assert place.incident.kind is AlertKind.FAILED
    assert place.facts("changed")["exit_code"] == 3


def test_what_is_remembered_of_an_incident_is_what_it_has_become(place: Place) -> None:
    place.add()
    place.judge(t("01:05"))
    place.failed(t("01:10"), exit_code=3)

    assert dict(place.incident.facts or {})["exit_code"] == 3


def test_further_missed_slots_are_counted_and_told_to_nobody(place: Place) -> None:
    place.add()
    place.judge(t("04:05"))

    assert place.told == [("missed", "ops")]
    assert place.incident.missed == 4


def test_nothing_is_told_of_an_incident_that_a_pause_closes(place: Place) -> None:
    place.add()
    place.failed(t("01:00"))
    place.pause(t("01:30"))

    assert place.told == [("failed", "ops")]
    assert (place.incident.closed_at, place.incident.close_reason) == (t("01:30"), "paused")
    assert place.incident.next_action_at is None


def test_a_removed_monitor_takes_its_open_incident_along(place: Place) -> None:
    place.add()
    place.failed(t("01:00"))
    place.do(monitors.remove, place.named(), t("01:30"))

    assert place.read(lambda tx: tx.incidents.listed(open_only=False, limit=10)) == []
    assert place.follow(t("09:00", day=2)).incidents == 0
    assert place.told == [("failed", "ops")]


def test_the_number_of_a_removed_incident_is_not_given_again(place: Place) -> None:
    place.add("old", channels=("ops",))
    place.failed(t("01:00"), "old")
    place.do(monitors.remove, place.named("old"), t("01:10"))
    place.add("new", channels=("mail",))
    place.failed(t("01:20"), "new")
    place.success(t("01:30"), "new")

    assert place.told == [("failed", "ops"), ("failed", "mail"), ("recovered", "mail")]


def test_a_slow_run_is_told_once(place: Place) -> None:
    slow_job(place)
    place.success(t("20:05"), duration_ms=5 * MINUTE)

    assert place.told == [("slow", "ops")]
    assert place.facts("slow")["median_ms"] == MINUTE


def test_a_warning_at_night_waits_for_the_morning(place: Place) -> None:
    place.route(Routing(("ops",), rules={"ops": ChannelRules(quiet=QuietHours(time(20), time(7)))}))
    slow_job(place)
    place.success(t("20:05"), duration_ms=5 * MINUTE)

    assert [row.alert.next_attempt_at for row in place.rows] == [t("07:00", day=1)]


def test_a_warning_that_waits_keeps_nothing_critical_waiting(place: Place) -> None:
    """Alerts of a monitor keep their order, so the warning goes with what is critical."""
    place.route(Routing(("ops",), rules={"ops": ChannelRules(quiet=QuietHours(time(20), time(7)))}))
    slow_job(place)
    place.success(t("20:05"), duration_ms=5 * MINUTE)
    place.failed(t("21:00"))

    assert [(row.alert.kind.value, row.alert.next_attempt_at) for row in place.rows] == [
        ("slow", t("21:00")),
        ("failed", t("21:00")),
    ]
    assert [row.alert.kind.value for row in place.read(lambda tx: tx.outbox.due("ops", t("21:00"), 1))] == ["slow"]


def test_a_warning_that_ends_at_night_is_told_with_its_end_in_the_morning(place: Place) -> None:
    place.route(Routing(("ops",), rules={"ops": NIGHT}))
    unheard(place)
    place.success(t("23:30"))

    assert [(row.alert.kind.value, row.alert.next_attempt_at) for row in place.rows] == [
        ("unknown", t("07:00", day=1)),
        ("recovered", t("07:00", day=1)),
    ]
    assert len(place.read(lambda tx: tx.outbox.overtaken("ops"))) == 1, "both become one message"


def test_a_warning_that_turned_worse_at_night_is_taken_back(place: Place) -> None:
    place.route(Routing(("ops",), rules={"ops": NIGHT}))
    unheard(place)
    place.failed(t("23:30"))

    assert place.told == [("failed", "ops")]
    assert place.rows[0].result == "the incident ended quietly: heard again"


@pytest.mark.parametrize("end", ["pause", "remove"])
def test_a_warning_that_waits_is_taken_back_when_nobody_watches_any_more(place: Place, end: str) -> None:
    place.route(Routing(("ops",), rules={"ops": NIGHT}))
    unheard(place)
    if end == "pause":
        place.pause(t("23:30"))
    else:
        place.do(monitors.remove, place.named(), t("23:30"))

    assert [row.state for row in place.rows] == ["superseded"]


def flaps(place: Place, openings: int, every: int = 20 * MINUTE, since: int = t("01:00")) -> int:
    """Let the job fail and recover; returns when it recovered last."""
    for number in range(openings):
        place.failed(since + number * every)
        place.success(since + number * every + every // 2)
    return since + (openings - 1) * every + every // 2


def test_the_sixth_opening_in_a_day_is_told_as_flapping_and_what_follows_in_digests(place: Place) -> None:
    place.add(schedule="1d")
    flaps(place, 8)

    kinds = [row.alert.kind.value for row in place.rows]
    assert kinds == ["failed", "recovered"] * 5 + ["flapping", "recovered"] + ["failed", "recovered"] * 2
    in_digests = [bool(row.alert.facts.get("digest_only")) for row in place.rows]
    assert in_digests == [False] * 11 + [True] * 5
    assert (place.facts("flapping")["openings"], place.facts("flapping")["problem"]) == (6, "failed")


def test_flapping_ends_when_six_hours_were_quiet(place: Place) -> None:
    place.add(schedule="1d")
    last = flaps(place, 7)

    place.failed(last + 6 * HOUR - 1)
    assert place.rows[-1].alert.facts["digest_only"] is True
    place.success(last + 6 * HOUR)
    place.failed(last + 24 * HOUR)
    assert place.rows[-1].alert.kind is AlertKind.FAILED
    assert not place.rows[-1].alert.facts.get("digest_only")


def test_a_monitor_that_still_opens_often_after_six_quiet_hours_is_told_as_flapping_again(place: Place) -> None:
    place.add(schedule="1d")
    last = flaps(place, 7)
    place.failed(last + 6 * HOUR)

    assert place.rows[-1].alert.kind is AlertKind.FLAPPING
    assert not place.rows[-1].alert.facts.get("digest_only")


def test_five_openings_in_a_day_are_no_flapping(place: Place) -> None:
    place.add(schedule="1d")
    flaps(place, 10, every=5 * HOUR)

    assert {row.alert.kind.value for row in place.rows} == {"failed", "recovered"}


def test_a_flapping_job_that_is_missed_and_then_fails_stays_in_digests(place: Place) -> None:
    place.add(schedule="1h")
    flaps(place, 6)
    place.judge(t("03:55"))
    place.failed(t("03:58"))

    assert place.told[-2:] == [("missed", "ops"), ("changed", "ops")]
    assert [row.alert.facts.get("digest_only") for row in place.rows[-2:]] == [True, True]


def test_an_acknowledged_incident_tells_nothing_but_its_end(place: Place) -> None:
    place.route(Routing(("ops",), escalation=(EscalationStep(HOUR, ("pager",)),)))
    place.add()
    place.failed(t("01:00"))
    acked = place.ack(t("01:10"), by="ann")

    assert (acked.acked_at, acked.acked_by, acked.next_action_at) == (t("01:10"), "ann", None)
    place.follow_until(t("12:00", day=3))
    assert place.told == [("failed", "ops")]
    place.success(t("13:00", day=3))
    assert place.told == [("failed", "ops"), ("recovered", "ops")]


def test_who_came_first_has_acknowledged(place: Place) -> None:
    place.add()
    place.failed(t("01:00"))
    place.ack(t("01:10"), by="ann")

    assert place.ack(t("01:20"), by="bob").acked_by == "ann"


def test_what_is_closed_or_unknown_cannot_be_acknowledged(place: Place) -> None:
    place.add()
    place.failed(t("01:00"))
    place.success(t("02:00"))

    with pytest.raises(Conflict, match=r"is closed already \(recovered\)"):
        place.ack(t("02:10"))
    with pytest.raises(Conflict):
        place.silence(t("02:10"), t("04:00"))
    with pytest.raises(NotFound, match="Incident not found: 99; list them with"):
        place.do(incidents.acknowledge, AckIncident(99, "ann"), t("02:10"))


def test_a_silenced_incident_tells_nothing_until_the_silence_ends(place: Place) -> None:
    place.route(Routing(("ops",), escalation=(EscalationStep(HOUR, ("pager",)),)))
    place.add(remind_every="30m")
    place.judge(t("01:05"))
    place.silence(t("01:10"), until=t("12:00"))
    place.failed(t("01:20"))
    place.follow_until(t("11:59"))
    place.success(t("11:59:30"))

    assert place.told == [("missed", "ops"), ("recovered", "ops")]
    assert place.rows[-1].alert.next_attempt_at == t("12:00")


def test_what_opens_after_a_recovery_in_a_silence_does_not_wait_behind_it(place: Place) -> None:
    place.add()
    place.judge(t("01:05"))
    place.silence(t("01:10"), until=t("12:00"))
    place.success(t("01:20"))
    place.failed(t("02:00"))

    waits = [(row.alert.kind, (row.alert.next_attempt_at or 0) > t("02:00")) for row in place.rows]
    assert waits == [("missed", False), ("recovered", False), ("failed", False)]


def test_incidents_are_listed_newest_first_open_ones_alone_or_all(place: Place) -> None:
    place.add("one")
    place.add("two")
    place.failed(t("01:00"), "one")
    place.failed(t("01:01"), "two")
    place.success(t("01:02"), "one")

    def slugs(open_only: bool) -> list[str | None]:
        views = place.do(incidents.listed, ListIncidents(open_only), t("02:00"))
        return [view.monitor.slug for view in views]

    assert slugs(open_only=True) == ["two"]
    assert slugs(open_only=False) == ["two", "one"]
