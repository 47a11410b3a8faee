"""Monitors as code in a real store: what a file says becomes so, and nothing else is touched (semantics.md 4 and 7)."""

from typing import Any

import pytest

from seestackd.core.monitor import Monitor, NewMonitor, Status, new_monitor, new_rules
from seestackd.errors import Conflict, Invalid, NotFound
from seestackd.operations import monitors
from seestackd.operations.declared import Declare, Difference, compare, declare
from seestackd.operations.managed import refuse_declared
from tests.core.world import MINUTE, t
from tests.operations.place import Place


def said(slug: str, schedule: str = "0 * * * *", **more: Any) -> NewMonitor:
    """A monitor as a file declares it; grace is 5 minutes unless given."""
    plain = {name: more.pop(name) for name in ("timezone", "channels", "tags", "name") if name in more}
    return new_monitor(slug, schedule, rules=new_rules(**{"grace": "5m", **more}), source="file", **plain)


def put(place: Place, at: int, *declared: NewMonitor, force: bool = False) -> Difference:
    ids = tuple(f"id-{new.slug}-{at}" for new in declared)
    difference: Difference = place.do(declare, Declare(declared, ids, force), at)
    return difference


def many(count: int) -> list[NewMonitor]:
    return [said(f"job-{number:02}") for number in range(count)]


def stored(place: Place, slug: str = "backup") -> Monitor:
    found: Monitor = place.read(lambda tx: tx.monitors.by_slug(place.project, slug))
    return found


def everything(place: Place) -> list[tuple[Any, ...]]:
    """Every row of monitors with its state."""
    return list(
        place.read(
            lambda tx: [
                (monitor, tx.monitors.load_state(monitor.id, for_update=False))
                for monitor in tx.monitors.in_project(place.project, True)
            ]
        )
    )


def test_declared_monitors_are_watched_from_then_on(place: Place) -> None:
    difference = put(place, t("00:30"), said("backup"), said("report", "30m"))

    assert (difference.added, difference.unchanged) == (("backup", "report"), 0)
    assert stored(place).source == "file"
    assert place.state().expected_at == t("01:00")
    place.judge(t("01:05"))
    assert place.told == [("missed", "ops"), ("missed", "ops")]


def test_a_reload_that_changes_nothing_touches_nothing(place: Place) -> None:
    declared = [said("backup", tags=("db",), channels=("ops",)), said("report", "30m", timezone="Asia/Tokyo")]
    put(place, t("00:30"), *declared)
    place.success(t("01:01"))
    place.ping("start", t("01:02"), "report")
    before = everything(place)

    difference = put(place, t("01:30"), *declared)

    assert (difference.touched, difference.archived, difference.unchanged) == (frozenset(), (), 2)
    assert everything(place) == before


def test_another_grace_leaves_what_is_expected_alone(place: Place) -> None:
    put(place, t("00:30"), said("backup"))

    difference = put(place, t("01:03"), said("backup", grace="20m"))

    assert difference.changed[0].fields == (("grace_ms", 5 * MINUTE, 20 * MINUTE),)
    assert (place.state().expected_at, place.state().deadline_at) == (t("01:00"), t("01:20"))


def test_another_schedule_expects_its_first_slot_after_now(place: Place) -> None:
    put(place, t("00:30"), said("backup"))

    put(place, t("00:40"), said("backup", "50 * * * *"))

    assert place.state().expected_at == t("00:50")


def test_what_is_no_longer_said_of_a_monitor_is_the_default_again(place: Place) -> None:
    put(place, t("00:30"), said("backup", channels=("pager",), tags=("db",), name="Backup", max_runtime="2h"))

    put(place, t("00:40"), said("backup"))

    monitor = stored(place)
    assert (monitor.channels, monitor.tags, monitor.name, monitor.rules.max_runtime_ms) == (None, (), "backup", None)


def test_a_monitor_gone_from_the_files_is_archived_and_comes_back_with_its_history(place: Place) -> None:
    put(place, t("00:30"), said("backup"), said("report"))
    uid = stored(place).uid
    place.failed(t("01:00"))
    assert place.told == [("failed", "ops")]

    assert put(place, t("01:10"), said("report")).archived == ("backup",)
    with pytest.raises(NotFound):
        place.ping("success", t("01:11"))
    place.judge(t("04:00"))
    assert [row for row in place.told if row[0] == "recovered"] == [], "it ends quietly"

    back = put(place, t("05:30"), said("report"), said("backup", grace="10m"))
    monitor, state = stored(place), place.state()
    assert back.restored == ("backup",)
    assert (monitor.uid, monitor.archived_at, monitor.rules.grace_ms) == (uid, None, 10 * MINUTE)
    assert (state.status, state.expected_at, state.last_ping_at) == (Status.HEALTHY, t("06:00"), t("01:00"))


def test_a_monitor_made_by_hand_is_taken_over_with_its_history(place: Place) -> None:
    made = place.add("backup", "0 * * * *")
    place.success(t("01:00"))

    difference = put(place, t("01:10"), said("backup"))

    assert [(changed.slug, changed.fields) for changed in difference.changed] == [
        ("backup", (("source", "api", "file"),))
    ]
    monitor = stored(place)
    assert (monitor.uid, monitor.ping_id, monitor.source) == (made.uid, made.ping_id, "file")
    assert place.state().last_ok_at == t("01:00")


def test_monitors_made_by_hand_stay_when_no_file_knows_them(place: Place) -> None:
    place.add("by-hand")

    assert put(place, t("00:40"), said("backup")).archived == ()
    assert put(place, t("00:50")).archived == ("backup",)
    assert stored(place, "by-hand").archived_at is None


@pytest.mark.parametrize(("before", "gone", "refused"), [(20, 5, False), (19, 5, True), (10, 4, False), (5, 5, True)])
def test_five_and_more_than_a_quarter_are_not_archived_at_once(
    place: Place, before: int, gone: int, refused: bool
) -> None:
    put(place, t("00:30"), *many(before))

    difference = put(place, t("00:40"), *many(before)[gone:], said("new"))

    assert difference.refused is refused
    assert (stored(place, "job-00").archived_at is None) is refused
    assert (stored(place, "new") is None) is refused, "all or nothing"
    assert place.told == ([("refused", "ops")] if refused else [])


def test_that_too_many_are_gone_is_told_once_and_again_after_it_was_mended(place: Place) -> None:
    put(place, t("00:30"), *many(8))
    put(place, t("00:40"), *many(1))
    put(place, t("00:41"), *many(1))
    assert place.told == [("refused", "ops")]
    assert place.facts("refused")["count"] == 7

    put(place, t("00:42"), *many(8))
    put(place, t("00:43"), *many(1))
    assert place.told == [("refused", "ops")] * 2


def test_however_many_are_archived_when_forced(place: Place) -> None:
    put(place, t("00:30"), *many(8))

    difference = put(place, t("00:40"), force=True)

    assert (len(difference.archived), difference.refused) == (8, False)
    assert place.told == []


def test_a_new_schedule_that_never_comes_round_is_refused_as_a_whole(place: Place) -> None:
    with pytest.raises(Invalid, match="past dates only") as refused:
        put(place, t("00:30"), said("backup"), said("once", "2019-01-01 03:00"))

    assert refused.value.field == "monitors.once.schedule"
    assert stored(place) is None


def test_a_schedule_that_has_run_out_stays_declared(place: Place) -> None:
    once = said("once", "2026-11-24 03:00")
    put(place, t("00:30"), once)

    assert put(place, t("00:30") + 40 * 24 * 60 * MINUTE, once).unchanged == 1


def test_a_comparison_tells_what_would_happen_and_changes_nothing(place: Place) -> None:
    put(place, t("00:30"), said("backup"), said("report"))
    before = everything(place)
    declared = (said("backup", "30m"), said("new"))

    would = place.runner.read_now(compare, declared)

    assert everything(place) == before
    assert would == put(place, t("00:40"), *declared)


def test_a_declared_monitor_is_changed_in_its_file_only(place: Place) -> None:
    put(place, t("00:30"), said("backup"))

    with pytest.raises(Conflict, match="change it there, then: seestackd reload"):
        refuse_declared(stored(place))
    place.do(monitors.pause, monitors.PauseMonitor(place.project, "backup"), t("00:40"))
    assert put(place, t("00:50"), said("backup")).unchanged == 1
    assert place.state().status is Status.PAUSED, "a pause is no matter of the file's"
