"""Who hears of what, when, and why not (semantics.md 7)."""

from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from seestackd.core.alerts import (
    ChannelRules,
    EscalationStep,
    Hearer,
    QuietHours,
    Routing,
    channels_of,
    hearers,
    is_flapping,
    next_action,
    next_reminder,
)
from seestackd.core.incidents import SEVERITY, AlertKind, Incident, Severity
from tests.core.world import DAY, HOUR, MINUTE, a_monitor, t
from tests.rows import rows

NIGHT = QuietHours(time(22), time(7), "Europe/Berlin")
BERLIN = Routing(timezone="Europe/Berlin")


def local(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> int:
    """The instant of "2026-03-29 02:30" on the clocks of the zone."""
    wall = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(wall.astimezone(UTC).timestamp() * 1000)


def an_incident(kind: AlertKind = AlertKind.MISSED, at: int = t("01:05"), **more: Any) -> Incident:
    return Incident(1, "uid", "monitor:1", kind, SEVERITY[kind], at, at, **more)


def verdict(
    rules: ChannelRules, kind: AlertKind, at: int = t("12:00"), incident: Incident | None = None, **more: Any
) -> Hearer:
    severity = more.get("severity", SEVERITY[kind])
    (hearer,) = hearers(Routing(rules={"ops": rules}), ("ops",), kind, severity, incident, at)
    return hearer


def test_a_monitors_own_channels_come_before_those_of_its_tags_and_those_before_the_default() -> None:
    world = a_monitor()
    routing = Routing(("mail",), {"db": ("pager", "ops"), "eu": ("ops",)})

    def of(**fields: Any) -> tuple[tuple[str, ...], str]:
        for name, value in fields.items():
            object.__setattr__(world.monitor, name, value)
        return channels_of(routing, world.monitor)

    assert of() == (("mail",), "default")
    assert of(tags=("eu", "db")) == (("ops", "pager"), "by tag")
    assert of(tags=("web",)) == (("mail",), "default")
    assert of(tags=("db",), channels=("chat",)) == (("chat",), "the monitor's own")
    assert of(channels=()) == ((), "the monitor's own")


def test_a_channel_without_rules_hears_everything() -> None:
    assert hearers(Routing(), ("ops",), AlertKind.SLOW, Severity.WARNING, None, t("03:00")) == [
        Hearer("ops", True, "told")
    ]


@rows(
    ("least", "kind", "told"),
    [
        (Severity.CRITICAL, AlertKind.MISSED, True),
        (Severity.CRITICAL, AlertKind.SLOW, False),
        (Severity.WARNING, AlertKind.SLOW, True),
        (Severity.WARNING, AlertKind.BLIND, False),
        (Severity.CRITICAL, AlertKind.RECOVERED, True),
    ],
)
def test_a_channel_hears_nothing_below_its_severity_but_recoveries(
    least: Severity, kind: AlertKind, told: bool
) -> None:
    heard = verdict(ChannelRules(min_severity=least), kind)

    assert heard.told is told
    assert heard.reason == ("told" if told else f"wants nothing below {least.value}")


def test_a_channel_that_wants_no_recoveries_hears_the_trouble_only() -> None:
    rules = ChannelRules(recoveries=False)

    assert verdict(rules, AlertKind.RECOVERED) == Hearer("ops", False, "wants no recoveries")
    assert verdict(rules, AlertKind.FAILED).told


def test_quiet_hours_hold_back_warnings_and_nothing_else() -> None:
    night, rules = local("2026-03-10 23:00"), ChannelRules(quiet=NIGHT)

    assert verdict(rules, AlertKind.SLOW, night).not_before == local("2026-03-11 07:00")
    assert verdict(rules, AlertKind.SLOW, night).reason == "waits for the end of its quiet hours"
    assert verdict(rules, AlertKind.MISSED, night) == Hearer("ops", True, "told")
    assert verdict(rules, AlertKind.RECOVERED, night, an_incident()).not_before is None
    assert verdict(rules, AlertKind.SLOW, local("2026-03-10 21:59")).not_before is None


def test_the_recovery_from_a_warning_waits_with_it() -> None:
    night = local("2026-03-10 23:00")
    unknown = an_incident(AlertKind.UNKNOWN)

    assert verdict(ChannelRules(quiet=NIGHT), AlertKind.RECOVERED, night, unknown).not_before == local(
        "2026-03-11 07:00"
    )


def test_a_silenced_incident_is_told_to_nobody_until_the_silence_ends() -> None:
    incident = an_incident(silenced_until=t("08:00"))

    assert verdict(ChannelRules(), AlertKind.CHANGED, t("07:59"), incident) == Hearer(
        "ops", False, "the incident is silenced"
    )
    assert verdict(ChannelRules(), AlertKind.CHANGED, t("08:00"), incident).told


@rows(
    ("now", "ends"),
    [
        ("2026-03-10 22:00", "2026-03-11 07:00"),
        ("2026-03-10 00:00", "2026-03-10 07:00"),
        ("2026-03-10 06:59", "2026-03-10 07:00"),
        ("2026-03-10 07:00", None),
        ("2026-03-10 21:59", None),
        # The nights in which the clocks change last 8 and 10 hours.
        ("2026-03-28 22:00", "2026-03-29 07:00"),
        ("2026-10-24 22:00", "2026-10-25 07:00"),
    ],
)
def test_quiet_hours_may_cross_midnight_and_follow_the_clocks(now: str, ends: str | None) -> None:
    assert NIGHT.end_after(local(now)) == (None if ends is None else local(ends))


def test_quiet_hours_by_day() -> None:
    siesta = QuietHours(time(13), time(15, 30), "UTC")

    assert siesta.end_after(t("13:00")) == t("15:30")
    assert (siesta.end_after(t("12:59")), siesta.end_after(t("15:30"))) == (None, None)


def test_quiet_hours_that_end_in_the_hour_that_comes_twice_never_end_in_the_past() -> None:
    early = QuietHours(time(22), time(2, 30), "Europe/Berlin")

    assert early.end_after(local("2026-10-25 02:10")) == local("2026-10-25 02:30")
    assert early.end_after(local("2026-10-25 02:10", fold=1)) == local("2026-10-25 02:30", fold=1)


def test_quiet_hours_that_end_in_the_hour_that_is_left_out_end_at_its_end() -> None:
    early = QuietHours(time(22), time(2, 30), "Europe/Berlin")

    assert early.end_after(local("2026-03-29 01:59")) == local("2026-03-29 03:30")


@rows(
    ("opened", "reminded"),
    [
        ("2026-03-10 08:00", "2026-03-11 09:00"),
        ("2026-03-10 21:00", "2026-03-11 09:00"),
        ("2026-03-10 21:01", "2026-03-12 09:00"),
        ("2026-03-10 23:59", "2026-03-12 09:00"),
        # It is nine by the clocks, also on the days on which they change.
        ("2026-03-28 15:00", "2026-03-29 09:00"),
        ("2026-03-28 20:30", "2026-03-30 09:00"),
        ("2026-10-24 21:30", "2026-10-25 09:00"),
    ],
)
def test_the_first_reminder_comes_at_nine_and_at_least_twelve_hours_after_the_opening(
    opened: str, reminded: str
) -> None:
    assert next_reminder(BERLIN, an_incident(at=local(opened)), None, 0) == local(reminded)


def test_the_next_reminder_comes_a_day_later_by_the_clocks() -> None:
    incident = an_incident(at=local("2026-03-27 08:00"), reminded_at=local("2026-03-28 09:00"))

    assert next_reminder(BERLIN, incident, None, 0) == local("2026-03-29 09:00")
    assert local("2026-03-29 09:00") - local("2026-03-28 09:00") == 23 * HOUR


def test_a_monitor_may_ask_for_reminders_of_its_own() -> None:
    incident = an_incident(at=t("01:05"))

    assert next_reminder(BERLIN, incident, 4 * HOUR, 0) == t("05:05")
    assert next_reminder(BERLIN, an_incident(reminded_at=t("05:06")), 4 * HOUR, 0) == t("09:06")


def test_nothing_comes_due_of_what_is_acknowledged_or_closed() -> None:
    routing = Routing(escalation=(EscalationStep(HOUR, ("pager",)),))

    assert next_action(routing, an_incident(), None, 0) == t("02:05")
    assert next_action(routing, an_incident(escalated=1), None, 0) == t("09:00", day=1)
    assert next_action(routing, an_incident(acked_at=t("01:30")), None, 0) is None
    assert next_action(routing, an_incident(closed_at=t("01:30")), None, 0) is None
    assert next_action(routing, an_incident(acked_at=t("01:30"), silenced_until=t("04:00")), None, 0) == t("04:00")
    assert next_action(routing, an_incident(silenced_until=t("04:00")), None, t("03:00")) == t("04:00")


def test_six_openings_are_flapping_and_told_once_until_six_hours_are_quiet() -> None:
    assert is_flapping(5, 10 * MINUTE, was_flapping=False) == (False, False)
    assert is_flapping(6, 10 * MINUTE, was_flapping=False) == (True, True)
    assert is_flapping(7, 6 * HOUR - 1, was_flapping=True) == (True, False)
    assert is_flapping(2, 6 * HOUR - 1, was_flapping=True) == (True, False)
    assert is_flapping(2, 6 * HOUR, was_flapping=True) == (False, False)
    assert is_flapping(1, DAY, was_flapping=True) == (False, False)
