"""What a storm may cost a channel, and what its troubles share."""

from hypothesis import given
from hypothesis import strategies as st

from seestackd.core.digest import (
    SINGLES,
    Budget,
    Cause,
    Told,
    after_digest,
    after_singles,
    common_cause,
    counts,
    digest_at,
    refreshed,
    singles_left,
)
from seestackd.core.incidents import AlertKind

AT = 1_764_000_000_000
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000


def sent(arrivals: list[int], threshold: int = SINGLES) -> list[tuple[int, int]]:
    """Play arrivals through the budget; returns when each message went out and how many alerts it told."""
    budget, waiting, messages = Budget(), sorted(arrivals), []
    at = waiting[0]
    while waiting:
        due = [one for one in waiting if one <= at]
        if not due:
            at = waiting[0]
            continue
        budget = refreshed(budget, due[0])
        left = singles_left(budget, threshold)
        if left:
            singles = due[:left]
            budget = after_singles(budget, len(singles), at)
            messages += [(at, 1)] * len(singles)
            waiting = waiting[len(singles) :]
        elif digest_at(budget, due[0]) <= at:
            budget = after_digest(at)
            messages.append((at, len(due)))
            waiting = waiting[len(due) :]
        else:
            later = [one for one in waiting if one > at]
            at = min([digest_at(budget, due[0]), *later[:1]])
    return messages


def test_two_go_out_at_once_and_the_rest_when_the_window_ends() -> None:
    arrivals = [AT, AT, AT, AT + 10 * SECOND, AT + 29 * SECOND]
    assert sent(arrivals) == [(AT, 1), (AT, 1), (AT + 30 * SECOND, 3)]


def test_the_next_digest_comes_a_minute_after_the_last() -> None:
    arrivals = [AT, AT, AT, AT + 31 * SECOND, AT + 80 * SECOND]
    assert sent(arrivals)[2:] == [(AT + 30 * SECOND, 1), (AT + 90 * SECOND, 2)]


def test_after_a_minute_of_quiet_they_go_out_at_once_again() -> None:
    storm = [AT] * 5
    assert sent([*storm, AT + 90 * SECOND])[3:] == [(AT + 90 * SECOND, 1)]
    assert sent([*storm, AT + 89 * SECOND])[3:] == [(AT + 90 * SECOND, 1)]
    assert sent([AT, AT + MINUTE, AT + 2 * MINUTE]) == [(AT, 1), (AT + MINUTE, 1), (AT + 2 * MINUTE, 1)]


def test_a_storm_that_begins_after_the_window_gets_a_window_of_its_own() -> None:
    assert sent([AT, AT + 40 * SECOND, *[AT + 50 * SECOND] * 9]) == [
        (AT, 1),
        (AT + 40 * SECOND, 1),
        (AT + 80 * SECOND, 9),
    ]


def test_a_channel_may_be_granted_more_singles_or_none() -> None:
    assert [number for _, number in sent([AT] * 9, threshold=4)] == [1, 1, 1, 1, 5]
    assert sent([AT] * 9, threshold=0) == [(AT + 30 * SECOND, 9)]


@given(st.lists(st.integers(0, 600_000), min_size=1, max_size=200), st.integers(0, 5))
def test_nothing_is_dropped_nothing_waits_long_and_no_minute_holds_more_than_the_budget(
    offsets: list[int], threshold: int
) -> None:
    arrivals = sorted(AT + offset for offset in offsets)
    messages = sent(arrivals, threshold)
    assert sum(number for _, number in messages) == len(arrivals)
    instants = [at for at, _ in messages]
    assert max(sum(begin <= at < begin + MINUTE for at in instants) for begin in instants) <= threshold + 1
    told = [at for at, number in messages for _ in range(number)]
    assert all(0 <= at - arrived <= MINUTE for at, arrived in zip(told, arrivals, strict=True))


def missed(number: int, **known: object) -> Told:
    return Told(AlertKind.MISSED, AT, number, **known)  # type: ignore[arg-type]


def test_a_host_that_most_reported_from_is_named_with_its_last_sign() -> None:
    troubles = [missed(number, host="web-2", last_ping_at=AT - number) for number in range(1, 6)]
    others = [missed(8, host="db-1"), missed(9)]
    cause = common_cause([*troubles, *others], AT)
    assert cause == Cause("host", "web-2", 5, 7, AT - 1)


def test_a_tag_is_named_where_no_host_is_shared() -> None:
    troubles = [missed(number, host=f"web-{number}", tags=("billing", f"t{number}")) for number in range(3)]
    cause = common_cause(troubles, AT)
    assert cause is not None
    assert (cause.what, cause.name, cause.count, cause.of) == ("tag", "billing", 3, 3)


def test_silence_from_everybody_is_named_first() -> None:
    silent = [missed(number, host="web-2") for number in range(5)]
    assert common_cause(silent, AT - HOUR) == Cause("nobody", None, 5, 5, AT - HOUR)
    assert common_cause(silent, None) == Cause("nobody", None, 5, 5, None)
    heard_lately = common_cause(silent, AT - 59 * SECOND)
    assert heard_lately is not None
    assert heard_lately.what == "host"


def test_less_than_sixty_percent_is_no_common_cause() -> None:
    half = [missed(number, host="web-2" if number < 5 else f"web-{number}x") for number in range(10)]
    assert common_cause(half, AT) is None
    assert common_cause([missed(1, host="a"), missed(2, host="a")], AT) is None


def test_recoveries_share_no_cause_but_are_counted() -> None:
    recovered = [Told(AlertKind.RECOVERED, AT, number, host="web-2") for number in range(5)]
    assert common_cause(recovered, None) is None
    assert counts([*recovered, missed(9)]) == {"recovered": 5, "missed": 1}
