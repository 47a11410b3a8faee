"""When a failed delivery is tried again, and when it is given up."""

from collections.abc import Sequence

from seestackd.core.retry import falls_back, next_probe
from seestackd.core.retry import next_attempt as decide
from tests.rows import rows

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
FIRST = 1_764_000_000_000


def next_attempt(statuses: Sequence[int | None], first_at: int, at: int, retry_after: int | None = None) -> int | None:
    return decide(len(statuses), statuses[-3:], first_at, at, retry_after)


@rows(
    ("failures", "delay"),
    [
        (1, 5 * SECOND),
        (2, 15 * SECOND),
        (3, MINUTE),
        (4, 5 * MINUTE),
        (5, 15 * MINUTE),
        (6, 30 * MINUTE),
        (7, 30 * MINUTE),
        (140, 30 * MINUTE),
    ],
)
def test_it_waits_longer_after_every_failure_up_to_half_an_hour(failures: int, delay: int) -> None:
    at = FIRST + HOUR
    assert next_attempt([None] * failures, FIRST, at) == at + delay


@rows("status", [None, 400, 408, 429, 500, 503])
def test_it_keeps_trying_after_any_failure_that_may_pass(status: int | None) -> None:
    assert next_attempt([status] * 50, FIRST, FIRST + 20 * HOUR) == FIRST + 20 * HOUR + 30 * MINUTE


@rows("status", [401, 403, 404, 410])
def test_it_gives_up_after_three_refusals(status: int) -> None:
    assert next_attempt([status], FIRST, FIRST) == FIRST + 5 * SECOND
    assert next_attempt([status, status], FIRST, FIRST) == FIRST + 15 * SECOND
    assert next_attempt([status] * 3, FIRST, FIRST) is None


def test_different_refusals_count_together() -> None:
    assert next_attempt([401, 403, 404], FIRST, FIRST) is None


def test_a_refusal_amid_an_outage_does_not_count_as_three() -> None:
    assert next_attempt([503, 503, 503, 404], FIRST, FIRST) == FIRST + 5 * MINUTE
    assert next_attempt([404, 404, 503, 404], FIRST, FIRST) == FIRST + 5 * MINUTE


@rows(("retry_after", "delay"), [(0, 5 * SECOND), (1 * SECOND, 5 * SECOND), (40 * SECOND, 40 * SECOND), (HOUR, HOUR)])
def test_it_waits_as_long_as_the_channel_asks_but_never_less_than_its_own_delay(retry_after: int, delay: int) -> None:
    assert next_attempt([429], FIRST, FIRST + 7, retry_after) == FIRST + 7 + delay


def test_the_last_attempt_is_made_when_72_hours_end() -> None:
    at = FIRST + 72 * HOUR - MINUTE
    assert next_attempt([503] * 150, FIRST, at) == FIRST + 72 * HOUR


def test_no_retry_after_puts_the_last_attempt_beyond_72_hours() -> None:
    assert next_attempt([429], FIRST, FIRST, 10**15) == FIRST + 72 * HOUR


def test_it_gives_up_after_72_hours_counted_from_the_first_attempt() -> None:
    assert next_attempt([503] * 150, FIRST, FIRST + 72 * HOUR) is None


def test_an_outage_of_a_day_costs_about_fifty_attempts() -> None:
    at, statuses = FIRST, [503]
    while (again := next_attempt(statuses, FIRST, at)) is not None and again < FIRST + 24 * HOUR:
        at, statuses = again, [*statuses, 503]
    assert 45 <= len(statuses) <= 55


def test_a_failing_channel_is_probed_every_45_seconds_unless_it_asked_for_more() -> None:
    assert next_probe(FIRST) == FIRST + 45 * SECOND
    assert next_probe(FIRST, 1 * SECOND) == FIRST + 45 * SECOND
    assert next_probe(FIRST, 10 * MINUTE) == FIRST + 10 * MINUTE


def test_the_fallback_speaks_after_five_minutes_of_failure() -> None:
    assert not falls_back(None, FIRST)
    assert not falls_back(FIRST, FIRST + 5 * MINUTE - 1)
    assert falls_back(FIRST, FIRST + 5 * MINUTE)
