"""When to try a failed delivery again, or to give up (semantics.md 8). Durations in milliseconds."""

from collections.abc import Sequence

FIRST_DELAYS_MS = (5_000, 15_000, 60_000, 300_000, 900_000)
LATER_DELAY_MS = 1_800_000
GIVE_UP_AFTER_MS = 72 * 3_600_000
REFUSALS = frozenset({401, 403, 404, 410})
MAX_REFUSALS = 3
# The message was at fault, not the channel: other messages may pass.
MESSAGE_FAULTS = frozenset({400, 413, 415, 422})
PROBE_EVERY_MS = 45_000
FALL_BACK_AFTER_MS = 300_000


def next_attempt(
    attempts: int, statuses: Sequence[int | None], first_at: int, at: int, retry_after_ms: int | None = None
) -> int | None:
    """Return the instant of the next attempt, or None to give up.

    `attempts` counts the failed ones so far; `statuses` are the HTTP statuses of the last three at least, oldest first,
    None where there was no answer; `first_at` is the instant of the first attempt and `at` that of the last one's end.
    The last attempt of all is made when the 72 hours end, whatever the channel asked for.
    """
    last_at = first_at + GIVE_UP_AFTER_MS
    if at >= last_at or refused(statuses):
        return None
    delay = FIRST_DELAYS_MS[attempts - 1] if attempts <= len(FIRST_DELAYS_MS) else LATER_DELAY_MS
    return min(at + max(delay, retry_after_ms or 0), last_at)


def refused(statuses: Sequence[int | None]) -> bool:
    """Return whether the last three answers in a row said that trying again is of no use."""
    last = statuses[-MAX_REFUSALS:]
    return len(last) == MAX_REFUSALS and REFUSALS.issuperset(last)


def next_probe(at: int, retry_after_ms: int | None = None) -> int:
    """Return when a failing channel's oldest message is tried again, whatever its own next attempt."""
    return at + max(PROBE_EVERY_MS, retry_after_ms or 0)


def falls_back(failing_since: int | None, at: int) -> bool:
    """Return whether a channel has failed for so long that its fallback gets the message."""
    return failing_since is not None and at - failing_since >= FALL_BACK_AFTER_MS
