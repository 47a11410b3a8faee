"""When the time zone database changes, what is due in future is computed anew at the next start (semantics.md 2)."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo, reset_tzpath

import pytest

from seestackd.clock import zone_data_version
from seestackd.core import schedule
from seestackd.core.monitor import HOUR_MS, MINUTE_MS
from seestackd.operations.zones import Followed, FollowZones, follow_zone_data
from tests.core.world import t
from tests.operations.place import Place

NOW = t("06:00")


@contextmanager
def lisbon_follows(rules: str, folder: Path) -> Iterator[None]:
    """Have the process read its time zones from a folder in which Lisbon follows another zone's rules."""
    (folder / "Europe").mkdir(parents=True)
    data = resources.files("tzdata.zoneinfo").joinpath(rules).read_bytes()
    (folder / "Europe" / "Lisbon").write_bytes(data)
    reset_tzpath([str(folder)])
    _forget()
    try:
        yield
    finally:
        reset_tzpath()
        _forget()


def _forget() -> None:
    ZoneInfo.clear_cache()
    schedule._parse.cache_clear()
    schedule.stored_schedule.cache_clear()
    schedule._zone_names.cache_clear()


@pytest.fixture
def lisbon(place: Place, tmp_path: Path) -> Iterator[Place]:
    """A job at 09:00 in Lisbon, which is on UTC, until its government takes up Moscow's clock."""
    with lisbon_follows("UTC", tmp_path / "before"):
        place.add("lisbon", schedule="0 9 * * *", timezone="Europe/Lisbon", at=NOW)
        place.add("interval", schedule="12h", timezone="Europe/Lisbon", at=NOW)
        place.do(follow_zone_data, FollowZones("edition 1"), NOW)
    with lisbon_follows("Europe/Moscow", tmp_path / "after"):
        # A start has read nothing yet.
        place.runner._session.transaction.forget()
        yield place


def expected(place: Place, slug: str) -> int:
    expected_at = place.state(slug).expected_at
    assert expected_at is not None
    return expected_at


def test_a_job_is_due_by_the_new_rules_from_the_next_start_on(lisbon: Place) -> None:
    assert expected(lisbon, "lisbon") == t("09:00")

    assert lisbon.do(follow_zone_data, FollowZones("edition 2"), NOW).moved == 1

    assert expected(lisbon, "lisbon") == t("06:00", 1)
    assert lisbon.state("lisbon").deadline_at == t("06:00", 1) + 5 * MINUTE_MS
    assert expected(lisbon, "interval") == NOW + 12 * HOUR_MS


@pytest.mark.parametrize(
    ("step", "moved"), [(FollowZones("edition 2", limit=4), [3, 2]), (FollowZones("edition 2", moves=2), [2, 2, 1])]
)
def test_many_are_followed_a_few_at_a_time_and_none_twice(
    step: FollowZones, moved: list[int], lisbon: Place, tmp_path: Path
) -> None:
    with lisbon_follows("UTC", tmp_path / "again"):
        for number in range(4):
            lisbon.add(f"lisbon-{number}", schedule="0 9 * * *", timezone="Europe/Lisbon", at=NOW)
        lisbon.do(follow_zone_data, FollowZones("edition 1"), NOW)
    with lisbon_follows("Europe/Moscow", tmp_path / "then"):
        for number in moved:
            assert lisbon.do(follow_zone_data, step, NOW) == Followed(number, more=number == moved[0])
        assert lisbon.do(follow_zone_data, step, NOW) == Followed(0, more=False)
        assert {expected(lisbon, slug) for slug in ("lisbon", "lisbon-0", "lisbon-3")} == {t("06:00", 1)}


def test_what_cannot_be_read_is_looked_at_again_at_the_next_start(lisbon: Place) -> None:
    lisbon.runner._session.transaction.behind.execute(
        "UPDATE monitors SET timezone = 'Gone/Away' WHERE slug = 'interval'"
    )
    for _ in range(2):
        steps = [lisbon.do(follow_zone_data, FollowZones("edition 2", limit=1), NOW) for _ in range(3)]
        assert [step.more for step in steps] == [True, True, False]


def test_the_same_edition_moves_nothing(lisbon: Place) -> None:
    assert lisbon.do(follow_zone_data, FollowZones("edition 1"), NOW).moved == 0
    assert expected(lisbon, "lisbon") == t("09:00")


def test_what_is_due_already_stays_due(lisbon: Place) -> None:
    assert lisbon.do(follow_zone_data, FollowZones("edition 2"), t("09:01")).moved == 0

    lisbon.judge(t("09:05"))
    assert lisbon.told == [("missed", "ops")]


def test_a_run_that_came_early_is_not_asked_for_twice(lisbon: Place) -> None:
    lisbon.success(t("08:58"), "lisbon")
    lisbon.do(follow_zone_data, FollowZones("edition 2"), t("08:59"))

    assert expected(lisbon, "lisbon") == t("06:00", 1)


def test_the_edition_of_this_machine_is_known() -> None:
    assert zone_data_version() == zone_data_version()
    assert all(part[:4].isdigit() for part in zone_data_version().split())
