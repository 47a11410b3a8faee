"""Around changes of the local time our slots are those of Debian's cron, in every zone."""

import random
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from seestackd.core.schedule import Schedule, parse_schedule
from tests.core.cron_oracle import MINUTE, Crontab, Walk

HOUR = 60 * MINUTE
WINDOW = 36 * HOUR
ZONES = sorted(available_timezones() - {"localtime", "Factory"})
FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)

MINUTES = ("*", "*/15", "*/7", "0", "0", "1", "30", "59", "0,30", "5,35", "15-45/10", "50-59", "0-59/20")
HOURS = ("*", "*/2", "*/3", "0", "1", "2", "3", "23", "0-5", "1-3", "2,3", "22-23", "0,12", "8-20/4", "21,0,1", "0-23")
DAYS = ("* * *", "* * *", "* * *", "* * *", "* * 0", "* * 1-5", "*/2 * *", "1-15 * 6,7", "20-31 * *", "* 3,4,10,11 *")


def test_cron_lines_agree_with_the_oracle_near_transitions() -> None:
    assert differences(random.Random(2027), pairs=250, instants=20) == (5_000, [])


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_a_million_cron_cases_agree_with_the_oracle_in_every_zone() -> None:
    chance, cases = random.Random(2028), 0
    transitions = [(zone, at) for zone in ZONES for at in transitions_of(zone, FIRST, LAST)]
    assert len({zone for zone, _ in transitions}) > 150
    while cases < 1_000_000:
        for zone, at in transitions:
            wrong = list(compare(chance, zone, at, expressions=8, instants=20))
            cases += 8 * 20
            assert wrong == []


def differences(chance: random.Random, pairs: int, instants: int) -> tuple[int, list[str]]:
    wrong: list[str] = []
    for _ in range(pairs // 5):
        zone, at = some_transition(chance)
        wrong += compare(chance, zone, at, expressions=5, instants=instants)
    return pairs * instants, wrong


def compare(chance: random.Random, zone: str, transition: int, expressions: int, instants: int) -> Iterator[str]:
    """The cases near `transition` in which schedule and oracle differ."""
    middle = transition // MINUTE
    walk = Walk(ZoneInfo(zone), middle - 44 * 60, middle + 40 * 60)
    for _ in range(expressions):
        expression = f"{chance.choice(MINUTES)} {chance.choice(HOURS)} {chance.choice(DAYS)}"
        schedule = parse_schedule(expression, zone)
        starts = [at for at in walk.starts(Crontab(expression)) if abs(at - transition) <= WINDOW + 4 * HOUR]
        reach = (transition - WINDOW - 4 * HOUR, transition + WINDOW + 4 * HOUR - MINUTE)
        listed = schedule.slots_between(reach[0] - 1, reach[1], 10_000)
        if listed != starts:
            yield f"{expression} in {zone} at {transition}: lists {sorted(set(listed) ^ set(starts))}"
        for _ in range(instants):
            at = transition + chance.randrange(-WINDOW, WINDOW)
            if starts and chance.random() < 0.5:
                at = starts[min(bisect_right(starts, at), len(starts) - 1)] + chance.choice((-1, 0, 1))
            yield from compare_at(schedule, starts, reach, at)


def compare_at(schedule: Schedule, starts: list[int], reach: tuple[int, int], at: int) -> Iterator[str]:
    index = bisect_right(starts, at)
    before = starts[index - 1] if index else None
    after = starts[index] if index < len(starts) else None
    newest, following = schedule.newest_at_or_before(at), schedule.next_after(at)
    cold = next(schedule._slots()._slots.after(at))
    if cold != following:
        yield f"{schedule} at {at}: next {following}, or {cold} when computed from there"
    if before != newest and not (before is None and (newest is None or newest < reach[0])):
        yield f"{schedule} at {at}: newest {newest}, cron {before}"
    if after != following and not (after is None and following > reach[1]):
        yield f"{schedule} at {at}: next {following}, cron {after}"


def some_transition(chance: random.Random) -> tuple[str, int]:
    while True:
        zone, year = chance.choice(ZONES), chance.randrange(2020, 2036)
        found = list(transitions_of(zone, datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)))
        if found:
            return zone, chance.choice(found)


def transitions_of(zone: str, first: datetime, last: datetime) -> Iterator[int]:
    """The instants (ms UTC) from `first` to `last` at which the offset changes."""
    local = ZoneInfo(zone)

    def offset(seconds: int) -> timedelta | None:
        return datetime.fromtimestamp(seconds, local).utcoffset()

    known = offset(int(first.timestamp()))
    for day in range(int(first.timestamp()), int(last.timestamp()), 86_400):
        if offset(day + 86_400) == known:
            continue
        low, high = day, day + 86_400
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == known else (low, middle)
        known = offset(high)
        yield high * 1_000
