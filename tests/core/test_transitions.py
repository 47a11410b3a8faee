"""The table of semantics.md 5: complete, and every cell true of real monitors."""

from collections.abc import Callable

from seestackd.core.events import Event
from seestackd.core.monitor import Status
from seestackd.core.transitions import TABLE, Cell
from tests.core.world import HOUR, MINUTE, World, a_monitor, t
from tests.rows import rows

NOW = t("05:02")
"""Two minutes after a slot of the hourly monitor whose deadline is at 05:05."""


def pending() -> World:
    return a_monitor(at=t("04:30"))


def healthy() -> World:
    world = a_monitor(at=t("03:30"))
    world.success(t("04:00:10"))
    return world


def missed() -> World:
    return a_monitor(at=t("03:30")).until(t("04:30"))


def failed() -> World:
    world = a_monitor(at=t("03:30"))
    world.failed(t("04:00:10"))
    return world


def overrun() -> World:
    world = a_monitor(at=t("03:30"), max_runtime_ms=20 * MINUTE)
    world.start(t("04:00:10"), rid="hung")
    return world.until(t("04:30"))


def paused() -> World:
    world = healthy()
    world.pause(t("04:30"))
    return world


STATES: dict[Status, Callable[[], World]] = {
    Status.PENDING: pending,
    Status.HEALTHY: healthy,
    Status.MISSED: missed,
    Status.FAILED: failed,
    Status.OVERRUN: overrun,
    Status.PAUSED: paused,
}


def run_limit_passes(world: World) -> None:
    world.start(NOW, rid="long")
    world.until(NOW + HOUR)


def judged_unknown(world: World) -> None:
    world.deaf(t("04:50"), t("05:04"))
    world.until(t("05:05"))


EVENTS: dict[Event, Callable[[World], object]] = {
    Event.SUCCESS: lambda world: world.success(NOW),
    Event.FAILED: lambda world: world.failed(NOW, exit_code=3),
    Event.START: lambda world: world.start(NOW),
    Event.LOG: lambda world: world.log(NOW),
    Event.SLOT_DEADLINE: lambda world: world.until(t("05:05")),
    Event.RUN_LIMIT: run_limit_passes,
    Event.JUDGED_UNKNOWN: judged_unknown,
    Event.PAUSE: lambda world: world.pause(NOW),
    Event.RESUME: lambda world: world.resume(NOW),
    Event.SCHEDULE_CHANGED: lambda world: world.reschedule(NOW, "*/20 * * * *"),
}

PAGE = """
success          | healthy    | healthy    | healthy        | healthy        | healthy        | recorded
failed           | failed     | failed     | failed         | failed         | failed         | recorded
start            | run opened | run opened | run opened     | run opened     | run opened     | recorded
log              | recorded   | recorded   | recorded       | recorded       | recorded       | recorded
slot_deadline    | missed     | missed     | missed         | missed         | missed         | -
run_limit        | overrun    | overrun    | overrun        | overrun        | overrun        | closed silently
judged_unknown   | stays      | stays      | stays          | stays          | stays          | -
pause            | paused     | paused     | closed quietly | closed quietly | closed quietly | stays
resume           | -          | -          | -              | -              | -              | healthy
schedule_changed | stays      | stays      | stays          | stays          | stays          | stays
"""
CELLS = [
    (Event(name.strip()), status, cell.strip())
    for name, *cells in (line.split("|") for line in PAGE.strip().splitlines())
    for status, cell in zip(Status, cells, strict=True)
]


def test_every_event_has_a_cell_for_every_status() -> None:
    assert {(event, status) for event, row in TABLE.items() for status in row} == {
        (event, status) for event in Event for status in Status
    }


def test_the_page_shows_every_cell() -> None:
    assert {(event, status) for event, status, _ in CELLS} == {(e, s) for e in Event for s in Status}


@rows("status", Status)
def test_an_example_begins_in_its_status(status: Status) -> None:
    assert STATES[status]().state.status is status


@rows(("event", "status", "cell"), CELLS)
def test_a_cell_is_true_of_a_real_monitor(event: Event, status: Status, cell: str) -> None:
    world = STATES[status]()
    before, told, runs = world.state, list(world.told), len(world.state.open_runs)

    EVENTS[event](world)

    became = world.status
    if cell in ("healthy", "failed", "missed", "overrun", "paused"):
        assert became == cell
    elif cell == "closed quietly":
        assert became == "paused"
        assert world.incident is None
        assert world.told == told, "a pause tells nobody"
    else:
        assert became == before.status.value
    if cell == "run opened":
        assert len(world.state.open_runs) == runs + 1
    if status is Status.PAUSED and event is not Event.RESUME:
        assert world.told == told
        assert world.incident is None
        assert not world.state.open_runs
    if cell == "-":
        assert world.state == before


def test_a_run_that_was_open_at_the_pause_is_closed_silently_at_its_limit() -> None:
    world = healthy()
    world.start(t("05:00"))
    world.pause(t("05:01"))

    world.until(t("07:00"))

    assert (world.status, world.state.open_runs, world.told) == ("paused", (), [])
    assert next(reversed(world.runs.values())).outcome == "closed"


def test_a_monitor_that_never_finished_resumes_as_pending() -> None:
    world = pending()
    world.log(t("04:40"))
    world.pause(t("04:45"))
    world.resume(NOW)

    assert world.status == "pending"


@rows("cell", Cell)
def test_no_cell_is_without_use(cell: Cell) -> None:
    assert any(cell in row.values() for row in TABLE.values())
