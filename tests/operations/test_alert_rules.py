"""Alert rules make their own channels hear of the same incidents as everybody else (contract.md 6.5)."""

from datetime import time
from typing import Any

import pytest

from seestackd.core.alert_rules import AlertRule, RuleChannel, Trigger
from seestackd.core.alerts import QuietHours
from seestackd.core.incidents import Severity
from seestackd.errors import Conflict, Invalid
from seestackd.operations import alert_rules, explain
from seestackd.operations.hearing import rules_for
from seestackd.operations.projects import ProjectOf, Viewer, remove
from tests.core.world import MINUTE, t
from tests.operations.place import Place
from tests.rows import rows

CHAT = RuleChannel("slack:0123456789ab", "slack", {"webhook_url": "https://hooks.slack.com/…"}, "https://a.example/x")
PHONE = RuleChannel("push:ba9876543210", "push", {"url": "ntfys://ntfy.sh/…"}, "ntfys://ntfy.sh/t")
AT_NIGHT = QuietHours(time(22), time(7))


def said(trigger: Trigger, *channels: RuleChannel, **more: Any) -> alert_rules.Said:
    quiet = more.get("quiet")
    severity = more.get("severity", Severity.INFO)
    config = more.get("config", {})
    return alert_rules.Said(
        "rule", trigger, config, severity, quiet is not None, quiet or AT_NIGHT, channels or (CHAT,)
    )


def add(place: Place, trigger: Trigger, *channels: RuleChannel, **more: Any) -> AlertRule:
    command = alert_rules.AddRule(more.pop("project", place.project), said(trigger, *channels, **more))
    rule: AlertRule = place.do(alert_rules.add, command, t("00:10"))
    return rule


def of(place: Place, rule: AlertRule) -> alert_rules.RuleOf:
    return alert_rules.RuleOf(place.project, rule.uid)


def rules_named(place: Place) -> list[Any]:
    return [row.alert.facts.get("alert_rule_id") for row in place.rows]


def test_the_channels_of_a_rule_hear_of_the_incident_and_of_its_end(place: Place) -> None:
    rule = add(place, Trigger.JOB_FAILED)
    place.add()
    place.failed(t("01:00"))
    place.success(t("02:00"))

    assert place.told == [
        ("failed", "ops"), ("failed", CHAT.name), ("recovered", "ops"), ("recovered", CHAT.name),
    ]  # fmt: skip
    assert rules_named(place) == [None, rule.uid, None, rule.uid]
    assert {row.alert.incident_id for row in place.rows} == {place.incident.id}


def test_a_rule_hears_of_what_it_listens_for_and_of_nothing_else(place: Place) -> None:
    add(place, Trigger.JOB_MISSED)
    add(place, Trigger.JOB_FAILED, PHONE)
    place.add()
    place.judge(t("01:05"))
    assert place.told == [("missed", "ops"), ("missed", CHAT.name)]

    place.failed(t("01:30"))
    assert place.since(2) == [("changed", "ops"), ("changed", PHONE.name)]


def test_a_run_that_never_ends_is_a_report_that_never_came(place: Place) -> None:
    add(place, Trigger.JOB_MISSED)
    place.add(max_runtime="10m")
    place.ping("start", t("01:00"))
    place.judge(t("01:10"))

    assert place.told == [("overrun", "ops"), ("overrun", CHAT.name)]


def test_two_rules_with_one_target_tell_it_once(place: Place) -> None:
    first = add(place, Trigger.JOB_FAILED)
    add(place, Trigger.JOB_FAILED)
    place.add()
    place.failed(t("01:00"))

    assert place.told == [("failed", "ops"), ("failed", CHAT.name)]
    assert rules_named(place)[1] == first.uid


def test_the_severity_is_the_daemons_so_a_missed_job_is_critical_and_a_slow_one_is_not(place: Place) -> None:
    add(place, Trigger.JOB_MISSED, severity=Severity.CRITICAL)
    add(place, Trigger.JOB_DURATION_SPIKE, severity=Severity.CRITICAL)
    spiking(place)
    place.judge(t("21:05"))

    assert place.told == [("missed", "ops"), ("missed", CHAT.name)]


def spiking(place: Place) -> None:
    """A job takes a minute, ten times, and then two; the monitor itself asks for no alert about that."""
    place.add(schedule="0 * * * *", at=t("09:30"))
    for hour in range(10, 20):
        place.success(t(f"{hour}:01"), duration_ms=MINUTE)
    place.success(t("20:02"), duration_ms=2 * MINUTE)


def test_a_duration_spike_is_told_to_the_rule_alone_when_the_monitor_does_not_ask_for_it(place: Place) -> None:
    rule = add(place, Trigger.JOB_DURATION_SPIKE)
    spiking(place)

    assert place.told == [("slow", CHAT.name)]
    assert rules_named(place) == [rule.uid]


def test_without_such_a_rule_no_spike_is_told(place: Place) -> None:
    add(place, Trigger.JOB_FAILED)
    spiking(place)

    assert place.told == []


def test_one_and_a_half_times_the_mean_is_no_spike_yet(place: Place) -> None:
    add(place, Trigger.JOB_DURATION_SPIKE)
    place.add(schedule="0 * * * *", at=t("09:30"))
    for hour in range(10, 20):
        place.success(t(f"{hour}:01"), duration_ms=MINUTE)
    place.success(t("20:02"), duration_ms=MINUTE * 3 // 2)
    assert place.told == []


def test_quiet_hours_of_a_rule_hold_back_even_what_is_critical_and_the_log_says_so(place: Place) -> None:
    rule = add(place, Trigger.JOB_FAILED, quiet=AT_NIGHT)
    place.add()
    place.failed(t("01:00"))

    states = [(row.alert.channel, row.state, row.alert.next_attempt_at) for row in place.rows]
    assert states == [
        ("ops", "pending", t("01:00")),
        (CHAT.name, "pending", t("07:00")),
        (CHAT.name, "skipped", None),
    ]
    assert rules_named(place) == [None, rule.uid, rule.uid]


def test_what_is_over_when_quiet_hours_end_is_told_in_one_message(place: Place) -> None:
    add(place, Trigger.JOB_FAILED, quiet=AT_NIGHT)
    place.add()
    place.failed(t("01:00"))
    place.success(t("02:00"))

    held = [row for row in place.rows if row.state == "pending" and row.alert.channel == CHAT.name]
    assert [(row.alert.kind, row.alert.next_attempt_at) for row in held] == [
        ("failed", t("07:00")), ("recovered", t("07:00")),
    ]  # fmt: skip


def test_a_rule_that_is_switched_off_hears_nothing_until_it_is_on_again(place: Place) -> None:
    rule = add(place, Trigger.JOB_FAILED)
    assert not place.do(alert_rules.toggle, of(place, rule), t("00:20")).enabled
    place.add()
    place.failed(t("01:00"))
    assert place.told == [("failed", "ops")]

    place.success(t("01:30"))
    place.do(alert_rules.toggle, of(place, rule), t("01:40"))
    place.failed(t("02:00"))
    assert place.since(2) == [("failed", "ops"), ("failed", CHAT.name)]


def test_those_told_by_a_rule_hear_the_end_though_it_was_switched_off_since(place: Place) -> None:
    rule = add(place, Trigger.JOB_FAILED)
    place.add()
    place.failed(t("01:00"))
    place.do(alert_rules.toggle, of(place, rule), t("01:10"))
    place.success(t("01:30"))

    assert place.since(2) == [("recovered", "ops"), ("recovered", CHAT.name)]


def test_a_deleted_rule_takes_back_what_waits_and_its_channel_hears_of_no_recovery(place: Place) -> None:
    rule = add(place, Trigger.JOB_FAILED)
    place.add()
    place.failed(t("01:00"))
    place.do(alert_rules.remove, of(place, rule), t("01:01"))
    place.success(t("02:00"))

    assert place.told == [("failed", "ops"), ("recovered", "ops")]
    assert [row.result for row in place.rows if row.state == "superseded"] == [alert_rules.GONE]
    assert place.read(lambda tx: tx.alert_rules.targets()) == {}


def test_a_target_stays_while_another_rule_sends_to_it(place: Place) -> None:
    rule = add(place, Trigger.JOB_FAILED, CHAT, PHONE)
    add(place, Trigger.JOB_MISSED, CHAT)
    place.do(alert_rules.remove, of(place, rule), t("01:01"))

    assert place.read(lambda tx: tx.alert_rules.targets()) == {CHAT.name: CHAT.target}


def test_a_rule_whose_channel_comes_back_cut_keeps_its_target(place: Place) -> None:
    rule = add(place, Trigger.JOB_FAILED, CHAT, PHONE)
    cut = RuleChannel("", "slack", CHAT.shown)
    change = alert_rules.ChangeRule(place.project, rule.uid, said(Trigger.JOB_MISSED, cut))
    changed = place.do(alert_rules.change, change, t("00:30"))

    assert (changed.trigger, [each.name for each in changed.channels]) == (Trigger.JOB_MISSED, [CHAT.name])
    assert place.read(lambda tx: tx.alert_rules.targets()) == {CHAT.name: CHAT.target}


def test_a_cut_target_that_the_rule_does_not_have_is_refused(place: Place) -> None:
    rule = add(place, Trigger.JOB_FAILED, PHONE)
    cut = RuleChannel("", "slack", CHAT.shown)
    change = alert_rules.ChangeRule(place.project, rule.uid, said(Trigger.JOB_MISSED, cut))

    with pytest.raises(Invalid) as refused:
        place.do(alert_rules.change, change, t("00:30"))
    assert refused.value.field == "channels[0].webhook_url"


def test_a_silence_that_ends_tells_the_rules_channel_too(place: Place) -> None:
    place.add()
    place.failed(t("01:00"))
    place.silence(t("01:01"), t("03:00"))
    add(place, Trigger.JOB_FAILED)
    place.follow_until(t("03:00"))

    assert place.told == [("failed", "ops"), ("failed", CHAT.name)]


def test_a_reminder_goes_to_the_rules_channel_as_well(place: Place) -> None:
    add(place, Trigger.JOB_FAILED)
    place.add(remind_every="1h")
    place.failed(t("01:00"))
    place.follow_until(t("02:00"))

    assert place.since(2) == [("reminder", "ops"), ("reminder", CHAT.name)]


def test_the_rules_for_a_trigger_are_those_of_the_project_that_are_on(place: Place) -> None:
    config = {"host": "api.example.com"}
    rule = add(place, Trigger.HTTP_OUTBOUND_DOWN, config=config)
    off = add(place, Trigger.HTTP_OUTBOUND_DOWN)
    place.do(alert_rules.toggle, of(place, off), t("00:20"))

    (found,) = place.read(lambda tx: rules_for(tx, place.project, Trigger.HTTP_OUTBOUND_DOWN))
    assert (found.uid, found.config) == (rule.uid, {"host": "api.example.com", "consecutiveFailures": 3})
    assert place.read(lambda tx: rules_for(tx, place.project + 1, Trigger.HTTP_OUTBOUND_DOWN)) == []


@rows(
    ("trigger", "config", "field"),
    [
        (Trigger.HTTP_ERROR_RATE, {"thresholdPercent": 0}, "triggerConfig.thresholdPercent"),
        (Trigger.HTTP_ERROR_RATE, {"thresholdPercent": 101}, "triggerConfig.thresholdPercent"),
        (Trigger.HTTP_ERROR_RATE, {"thresholdPercent": "10"}, "triggerConfig.thresholdPercent"),
        (Trigger.HTTP_ERROR_RATE, {"thresholdPercent": True}, "triggerConfig.thresholdPercent"),
        (Trigger.HTTP_SLOW_ENDPOINT, {"thresholdMs": 1.5}, "triggerConfig.thresholdMs"),
        (Trigger.HTTP_SLOW_ENDPOINT, {"thresholdMs": -1}, "triggerConfig.thresholdMs"),
        (Trigger.HTTP_OUTBOUND_DOWN, {"consecutiveFailures": 0}, "triggerConfig.consecutiveFailures"),
        (Trigger.HTTP_OUTBOUND_DOWN, {"host": "two words"}, "triggerConfig.host"),
        (Trigger.HTTP_OUTBOUND_DOWN, {"host": 7}, "triggerConfig.host"),
    ],
)
def test_a_configuration_that_no_trigger_can_use_is_refused(
    place: Place, trigger: Trigger, config: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        add(place, trigger, config=config)
    assert refused.value.field == field


def test_quiet_hours_without_length_are_refused(place: Place) -> None:
    with pytest.raises(Invalid) as refused:
        add(place, Trigger.JOB_FAILED, quiet=QuietHours(time(8), time(8)))
    assert refused.value.field == "quiet_end"


def test_a_project_keeps_a_hundred_rules(place: Place) -> None:
    for _ in range(alert_rules.MAX_RULES):
        add(place, Trigger.JOB_FAILED)
    with pytest.raises(Conflict):
        add(place, Trigger.JOB_FAILED)


def test_explain_names_the_rules_channel_and_why_it_waits(place: Place) -> None:
    add(place, Trigger.JOB_FAILED, quiet=AT_NIGHT)
    place.add()
    said = place.do(explain.explain, place.named(), t("23:00"))

    told = {each.kind.value: [(hearer.channel, hearer.reason) for hearer in each.hearers] for each in said.told}
    assert told["failed"] == [("ops", "told"), (CHAT.name, "waits for the end of its quiet hours")]
    assert told["missed"] == [("ops", "told")]


def test_a_project_that_is_deleted_takes_its_rules_along(place: Place) -> None:
    other = place.do(_made_project, None, t("00:05"))
    add(place, Trigger.JOB_FAILED, project=other.id)
    place.do(remove, ProjectOf(Viewer(place.project, everything=True), other.uid), t("00:30"))

    assert place.read(lambda tx: tx.alert_rules.in_project(other.id)) == []
    assert place.read(lambda tx: tx.alert_rules.targets()) == {}


def _made_project(tx: Any, command: None, at: int) -> Any:
    return tx.projects.create("other", "other", tx.new_id(), at)
