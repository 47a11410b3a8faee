"""Alert rules on HTTP requests: incidents, alerts and recoveries as of monitors, in a real store."""

from datetime import time
from typing import Any

import pytest

from seestackd.core.alert_rules import AlertRule, RuleChannel, Trigger
from seestackd.core.alerts import ChannelRules, QuietHours, Routing
from seestackd.core.incidents import Severity
from seestackd.core.telemetry import HttpRequest
from seestackd.operations import alert_rules, http_rules
from seestackd.operations.telemetry import RollUp, StoreRequests, roll_up, store
from tests.core.world import MINUTE, t
from tests.operations.place import Place

SECOND = 1000
NOON = t("12:00")
HOOK = RuleChannel("slack:0123456789ab", "slack", {}, "json://127.0.0.1/")


def a_rule(place: Place, trigger: Trigger, **config: Any) -> AlertRule:
    said = alert_rules.Said(
        "Shop", trigger, config, Severity.INFO, False, QuietHours(time(23), time(8)), (HOOK,)
    )  # fmt: skip
    rule: AlertRule = place.do(alert_rules.add, alert_rules.AddRule(place.project, said), NOON)
    return rule


def sent(place: Place, at: int, count: int, status: int = 200, *, duration: int = 40, host: str = "") -> None:
    requests = tuple(
        HttpRequest(at - n, "t", bool(host), "GET", host or "shop", "/pay", status, duration, 0, 0, False, None, None)
        for n in range(count)
    )
    place.do(store, StoreRequests(place.project, requests), at)


def watch(place: Place, at: int) -> int:
    judged = place.runner.read_now(lambda tx, command, _: http_rules.look(tx, None, at), None)
    changed: int = place.do(http_rules.act, judged, at)
    return changed


def test_errors_open_an_incident_that_recovery_closes(place: Place) -> None:
    a_rule(place, Trigger.HTTP_ERROR_RATE)
    sent(place, NOON, 80)
    sent(place, NOON, 20, 500)

    watch(place, NOON + SECOND)
    assert place.told == [("http_error_rate", "ops"), ("http_error_rate", HOOK.name)]
    facts = place.facts("http_error_rate")
    assert (facts["requests"], facts["errors"], facts["rate"], facts["name"]) == (100, 20, 20.0, "Shop")
    assert (place.incident.severity, place.incident.monitor_id) == (Severity.CRITICAL, None)

    watch(place, NOON + 20 * SECOND)
    sent(place, NOON + 6 * MINUTE, 100)
    watch(place, NOON + 6 * MINUTE + SECOND)
    assert place.since(2) == [("recovered", "ops"), ("recovered", HOOK.name)]
    assert place.incident.close_reason == "recovered"


def test_without_requests_nothing_opens_and_nothing_closes(place: Place) -> None:
    a_rule(place, Trigger.HTTP_ERROR_RATE)
    assert watch(place, NOON) == 0
    sent(place, NOON, 100, 500)
    watch(place, NOON + SECOND)

    assert watch(place, NOON + 60 * MINUTE) == 0
    assert place.incident.closed_at is None


def test_requests_that_come_late_count_in_their_own_time(place: Place) -> None:
    a_rule(place, Trigger.HTTP_ERROR_RATE)
    sent(place, NOON - 48 * 60 * MINUTE, 100, 500)
    sent(place, NOON + 60 * MINUTE, 100, 500)

    assert watch(place, NOON) == 0


def test_a_blind_window_holds_the_verdict(place: Place) -> None:
    a_rule(place, Trigger.HTTP_ERROR_RATE)
    sent(place, NOON, 100, 500)
    place.do(lambda tx, command, at: tx.blind.open(NOON - 4 * MINUTE, NOON - 2 * MINUTE, "not running"), None, NOON)

    assert watch(place, NOON + SECOND) == 0
    sent(place, NOON + 9 * MINUTE, 100, 500)
    assert watch(place, NOON + 9 * MINUTE) == 1


def test_maintenance_of_the_whole_project_holds_the_verdict(place: Place) -> None:
    a_rule(place, Trigger.HTTP_ERROR_RATE)
    place.maintain(NOON - MINUTE, NOON - MINUTE, NOON + MINUTE)
    sent(place, NOON, 100, 500)

    assert watch(place, NOON + SECOND) == 0
    assert watch(place, NOON + 2 * MINUTE) == 1


@pytest.mark.parametrize("rolled", [False, True])
def test_a_slow_endpoint_is_named(place: Place, rolled: bool) -> None:
    a_rule(place, Trigger.HTTP_SLOW_ENDPOINT)
    sent(place, NOON, 30, duration=4000)
    if rolled:
        place.do(roll_up, RollUp(), NOON)

    watch(place, NOON + SECOND)
    (slow,) = place.facts("http_slow_endpoint")["slow"]
    assert (slow["name"], slow["requests"]) == ("GET shop/pay", 30)
    assert place.incident.severity is Severity.WARNING


def test_a_host_that_fails_three_times_in_a_row_is_down(place: Place) -> None:
    a_rule(place, Trigger.HTTP_OUTBOUND_DOWN)
    sent(place, NOON - MINUTE, 5, host="psp")
    sent(place, NOON, 2, 503, host="psp")
    assert watch(place, NOON + SECOND) == 0

    sent(place, NOON + 2 * SECOND, 1, 0, host="psp")
    assert watch(place, NOON + 3 * SECOND) == 1
    assert place.facts("http_outbound_down")["down"] == [{"host": "psp", "status_code": 0}]

    sent(place, NOON + 4 * SECOND, 1, host="psp")
    assert watch(place, NOON + 5 * SECOND) == 0
    sent(place, NOON + 6 * SECOND, 1, 404, host="psp")
    assert watch(place, NOON + 7 * SECOND) == 1
    assert place.incident.closed_at == NOON + 7 * SECOND


def test_a_rule_may_be_about_one_host(place: Place) -> None:
    a_rule(place, Trigger.HTTP_OUTBOUND_DOWN, host="mail", consecutiveFailures=1)
    sent(place, NOON, 5, 500, host="psp")

    assert watch(place, NOON + SECOND) == 0
    sent(place, NOON + SECOND, 1, 500, host="mail")
    assert watch(place, NOON + 2 * SECOND) == 1


@pytest.mark.parametrize("way", ["switched off", "deleted", "watches something else now"])
def test_who_was_told_hears_that_nobody_watches_it_any_more(place: Place, way: str) -> None:
    rule = a_rule(place, Trigger.HTTP_ERROR_RATE)
    sent(place, NOON, 100, 500)
    watch(place, NOON + SECOND)
    told = len(place.told)
    named = alert_rules.RuleOf(place.project, rule.uid)

    if way == "switched off":
        place.do(alert_rules.toggle, named, NOON + 2 * SECOND)
    elif way == "deleted":
        place.do(alert_rules.remove, named, NOON + 2 * SECOND)
    else:
        said = alert_rules.Said(
            "Shop", Trigger.JOB_FAILED, {}, Severity.INFO, False, QuietHours(time(23), time(8)), (HOOK,)
        )  # fmt: skip
        place.do(alert_rules.change, alert_rules.ChangeRule(place.project, rule.uid, said), NOON + 2 * SECOND)
    watch(place, NOON + 3 * SECOND)
    watch(place, NOON + 4 * SECOND)

    # A deleted rule has taken its channel along.
    heard = ["ops"] if way == "deleted" else ["ops", HOOK.name]
    assert place.since(told - (way == "deleted")) == [("recovered", channel) for channel in heard]
    assert way in str(place.incident.close_reason)
    facts = place.facts("recovered")
    assert (facts["ended"], facts["name"]) == (place.incident.close_reason, "Shop")
    assert (facts["problem"], facts["incident_id"]) == ("http_error_rate", place.incident.id)


def test_nobody_hears_of_the_end_who_was_not_told_of_the_beginning(place: Place) -> None:
    place.route(Routing(default_channels=("ops",), rules={"ops": ChannelRules(min_severity=Severity.CRITICAL)}))
    rule = a_rule(place, Trigger.HTTP_SLOW_ENDPOINT)
    sent(place, NOON, 100, duration=9_000)
    watch(place, NOON + SECOND)
    assert place.told == [("http_slow_endpoint", HOOK.name)]

    place.do(alert_rules.toggle, alert_rules.RuleOf(place.project, rule.uid), NOON + 2 * SECOND)
    watch(place, NOON + 3 * SECOND)

    assert place.since(1) == [("recovered", HOOK.name)]


def test_a_rule_that_changed_while_it_was_looked_at_waits_for_the_next_look(place: Place) -> None:
    rule = a_rule(place, Trigger.HTTP_ERROR_RATE)
    sent(place, NOON, 100, 500)
    judged = place.runner.read_now(lambda tx, command, _: http_rules.look(tx, None, NOON + SECOND), None)
    for _ in range(2):
        place.do(alert_rules.toggle, alert_rules.RuleOf(place.project, rule.uid), NOON + SECOND)

    assert place.do(http_rules.act, judged, NOON + 2 * SECOND) == 0


def test_reminders_and_acknowledgement_are_those_of_monitors(place: Place) -> None:
    a_rule(place, Trigger.HTTP_ERROR_RATE)
    sent(place, NOON, 100, 500)
    watch(place, NOON + SECOND)

    place.follow_until(t("09:00") + 24 * 60 * MINUTE)
    assert place.since(2) == [("reminder", "ops"), ("reminder", HOOK.name)]
    (line,) = place.facts("reminder")["down"]
    assert (line["slug"], line["kind"]) == ("Shop", "http_error_rate")
    place.ack(place.clock.at)
    place.follow_until(place.clock.at + 48 * 60 * MINUTE)
    assert len(place.told) == 4


def test_a_silence_holds_until_its_end(place: Place) -> None:
    a_rule(place, Trigger.HTTP_ERROR_RATE)
    sent(place, NOON, 100, 500)
    watch(place, NOON + SECOND)
    place.silence(NOON + 2 * SECOND, NOON + 60 * MINUTE)

    place.follow_until(NOON + 61 * MINUTE)
    assert len(place.told) == 2
