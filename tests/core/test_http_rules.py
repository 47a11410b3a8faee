"""Alert rules on HTTP requests: trouble begins and ends clearly, and is never made up."""

from datetime import time
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from seestackd.core.alert_rules import AlertRule, Trigger
from seestackd.core.alerts import QuietHours
from seestackd.core.http_rules import (
    UNKNOWN,
    CallsSeen,
    SlowSeen,
    State,
    judge_down,
    judge_error_rate,
    judge_slow,
    named_before,
    window_ms,
)
from seestackd.core.incidents import Severity
from tests.rows import rows

QUIET = QuietHours(time(23), time(8))


def a_rule(trigger: Trigger, **config: Any) -> AlertRule:
    return AlertRule(1, "u", 1, "Shop", trigger, config, Severity.INFO, False, QUIET, (), True, 0, 0)


RATE = a_rule(Trigger.HTTP_ERROR_RATE)
SLOW = a_rule(Trigger.HTTP_SLOW_ENDPOINT)
DOWN = a_rule(Trigger.HTTP_OUTBOUND_DOWN)


@rows(
    ("requests", "errors", "state"),
    [
        (0, 0, "unknown"), (19, 19, "unknown"), (20, 2, "between"), (20, 3, "trouble"), (100, 10, "between"),
        (100, 11, "trouble"), (100, 8, "good"), (100, 9, "between"), (20, 0, "good"), (10**7, 10**7, "trouble"),
    ],
)  # fmt: skip
def test_an_error_rate_is_judged_with_enough_requests(requests: int, errors: int, state: str) -> None:
    assert judge_error_rate(RATE, requests, errors).state == state


def test_a_rule_says_what_is_enough_and_how_long_it_looks_back() -> None:
    own = a_rule(Trigger.HTTP_ERROR_RATE, thresholdPercent=50, minimumRequests=2, windowMinutes=30)

    assert judge_error_rate(own, 2, 2).state == State.TROUBLE
    assert judge_error_rate(own, 1, 1) is UNKNOWN
    assert (window_ms(own), window_ms(RATE), window_ms(DOWN)) == (1_800_000, 300_000, 3_600_000)


def test_the_slowest_endpoint_comes_first_and_rare_ones_do_not_count() -> None:
    seen = [SlowSeen("a", 30, 2500), SlowSeen("b", 30, 4000), SlowSeen("c", 3, 9000)]
    verdict = judge_slow(SLOW, seen, ())

    assert verdict.state == State.TROUBLE
    assert [each["name"] for each in verdict.facts["slow"]] == ["b", "a"]
    assert named_before(verdict.facts) == ("b", "a")


@rows(
    ("seen", "before", "state"),
    [
        ([SlowSeen("a", 30, 1600)], ["a"], "good"),
        ([SlowSeen("a", 30, 1601)], ["a"], "between"),
        ([SlowSeen("b", 30, 5)], ["a"], "unknown"),
        ([SlowSeen("a", 19, 5)], ["a"], "unknown"),
        ([SlowSeen("a", 30, 5), SlowSeen("b", 30, 1900)], ["a"], "good"),
        ([], [], "unknown"),
    ],
)
def test_a_slow_endpoint_is_well_again_when_it_is_clearly_faster(
    seen: list[SlowSeen], before: list[str], state: str
) -> None:
    assert judge_slow(SLOW, seen, before).state == state


@rows(
    ("calls", "before", "state"),
    [
        ("FFF", [], "trouble"), ("FFFF", [], "trouble"), ("FF", [], "between"), ("FFG", [], "between"),
        ("GFF", [], "good"), ("GFF", ["h"], "between"), ("GGF", ["h"], "good"), ("G", ["h"], "good"),
        ("FFG", ["h"], "between"), ("", ["h"], "unknown"), ("", [], "unknown"),
    ],
)  # fmt: skip
def test_a_host_is_down_after_failures_in_a_row_and_up_after_two_good_calls(
    calls: str, before: list[str], state: str
) -> None:
    seen = [CallsSeen("h", tuple(call == "F" for call in calls))] if calls else []

    assert judge_down(DOWN, seen, before).state == state


@given(st.lists(st.tuples(st.integers(0, 200), st.floats(0, 1)), max_size=60))
def test_an_error_rate_near_its_threshold_does_not_flap(windows: list[tuple[int, float]]) -> None:
    """Between an opening and its closing lies a window clearly under, and before it one clearly over."""
    is_open, changes = False, []
    for requests, share in windows:
        errors = int(requests * share)
        state = judge_error_rate(RATE, requests, errors).state
        if state in (State.TROUBLE, State.GOOD):
            assert requests >= 20
        if state is State.TROUBLE and not is_open:
            is_open, rate = True, errors / requests
            assert rate > 0.1
            changes.append(rate)
        elif state is State.GOOD and is_open:
            is_open, rate = False, errors / requests
            assert rate <= 0.08
            changes.append(rate)
    assert all(abs(one - other) > 0.02 for one, other in pairwise(changes))


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.lists(st.booleans(), min_size=1, max_size=6)), max_size=3),
    st.lists(st.sampled_from("abc"), max_size=2, unique=True),
)
def test_a_host_that_is_not_called_never_counts_as_well(calls: list[tuple[str, list[bool]]], before: list[str]) -> None:
    seen = [CallsSeen(host, tuple(failed)) for host, failed in dict(calls).items()]
    verdict = judge_down(DOWN, seen, before)

    if verdict.state is State.GOOD:
        assert all(any(each.host == host and not each.failed[0] for each in seen) for host in before)
    if verdict.state is State.TROUBLE:
        assert any(len(each.failed) >= 3 and all(each.failed[:3]) for each in seen)
