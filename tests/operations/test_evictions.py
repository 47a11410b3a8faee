"""A project that stores more than it may loses its oldest requests and replays, in small steps, and is told so."""

import json
from collections.abc import Callable
from datetime import time
from typing import Any

import pytest

from seestackd.core.alerts import ChannelRules, QuietHours, Routing
from seestackd.core.erasure import Subject
from seestackd.core.monitor import DAY_MS, HOUR_MS, MINUTE_MS
from seestackd.core.replay import ReplayEvent, pack
from seestackd.core.retention import Kind
from seestackd.core.telemetry import HttpRequest
from seestackd.operations import erasure, keys, replay, telemetry
from seestackd.operations.evictions import tell_evicted
from seestackd.operations.upkeep import Forgotten, Upkeep, prune
from seestackd.store.sqlite.request_rows import SIZE
from tests.core.world import t
from tests.operations.place import Place

NOW = t("12:00")
PLAIN = HttpRequest(NOW, "t", False, "GET", "shop", "/", 200, 5, 0, 0, False, None, None)
PLAIN_SIZE = 75 + 1


def send(place: Place, *requests: HttpRequest, project: int | None = None) -> None:
    place.do(telemetry.store, telemetry.StoreRequests(project or place.project, requests), NOW)
    while place.do(telemetry.roll_up, telemetry.RollUp(), NOW):
        pass


def record(place: Place, number: int, project: int | None = None) -> None:
    batch = pack([ReplayEvent(NOW + number, "click", f"{number:03}", None)])
    place.do(replay.store, replay.StoreReplay(project or place.project, f"fp-{number // 2}", "s", batch), NOW)


def step(place: Place, most: dict[Kind, int], at: int = NOW) -> Forgotten:
    done: Forgotten = place.do(prune, Upkeep(0, "", most=most), at)
    return done


def emptied(place: Place, most: dict[Kind, int], at: int = NOW) -> list[Forgotten]:
    steps = [step(place, most, at)]
    while steps[-1].more:
        steps.append(step(place, most, at))
    return steps


def asked(place: Place, statement: str, *values: object) -> Any:
    def ask(tx: Any, command: None, at: int) -> Any:
        return tx.behind.execute(statement, values).fetchall()

    return place.do(ask, None, NOW)


def one(place: Place, statement: str, *values: object) -> Any:
    return asked(place, statement, *values)[0][0]


def test_the_oldest_go_and_no_more_than_must(place: Place) -> None:
    send(place, *[PLAIN] * 30)
    for number in range(10):
        record(place, number)
    stored = one(place, "SELECT sum(length(body)) FROM replay_batches")
    assert asked(place, "SELECT replay, requests FROM project_sizes") == [(stored, 30 * PLAIN_SIZE)]
    most = {Kind.REPLAY: stored * 3 // 4, Kind.REQUESTS: 20 * PLAIN_SIZE + 1}

    steps = emptied(place, most)

    assert [done.evicted for done in steps] == [{Kind.REPLAY: 3, Kind.REQUESTS: 10}, {}]
    assert [one(place, f"SELECT min(id) FROM {table}") for table in ("replay_batches", "http_requests")] == [4, 11]
    assert one(place, "SELECT count(*) FROM sessions") == 4
    assert asked(place, "SELECT requests FROM project_sizes") == [(20 * PLAIN_SIZE,)]


def test_a_step_is_bounded_in_rows_and_bytes(place: Place) -> None:
    send(place, *[PLAIN] * 1_250)
    send(place, *[PLAIN._replace(path="/" + "p" * 39_000)] * 10)
    for number in range(25):
        record(place, number)

    steps = emptied(place, {Kind.REQUESTS: 0, Kind.REPLAY: 0})

    assert [done.evicted.get(Kind.REQUESTS) for done in steps][:4] == [500, 500, 255, 4]
    assert [done.evicted.get(Kind.REPLAY) for done in steps][:4] == [10, 10, 4, None]
    assert [one(place, f"SELECT count(*) FROM {table}") for table in ("http_requests", "replay_batches")] == [1, 1]


def test_what_no_sum_holds_yet_stays(place: Place) -> None:
    send(place, *[PLAIN] * 5)
    place.do(telemetry.store, telemetry.StoreRequests(place.project, (PLAIN,) * 5), NOW)

    emptied(place, {Kind.REQUESTS: 0})

    assert one(place, "SELECT count(*) FROM http_requests") == 5


def test_rows_of_others_are_passed_in_small_steps_and_stay(place: Place) -> None:
    other = place.do(keys.ensure_project, keys.EnsureProject("other", "Other"), NOW).id
    send(place, PLAIN)
    record(place, 1)
    for table, count in (("http_requests", 44_999), ("replay_batches", 1_099)):
        asked(place, f"CREATE TEMP TABLE copies AS SELECT * FROM {table}")
        asked(place, "UPDATE copies SET id = NULL")
        asked(
            place,
            f"INSERT INTO {table} WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " SELECT copies.* FROM n, copies",
            count,
        )
        asked(place, "DROP TABLE copies")
    asked(place, "UPDATE request_progress SET summed = 45000")
    asked(place, "UPDATE project_sizes SET requests = 0, replay = 0")
    send(place, *[PLAIN] * 100, project=other)
    record(place, 2_000, project=other)
    record(place, 2_001, project=other)
    most = {Kind.REQUESTS: 90 * PLAIN_SIZE, Kind.REPLAY: 50}

    steps = emptied(place, most)

    assert [sum(done.evicted.get(kind, 0) for done in steps) for kind in most] == [10, 1]
    assert len(steps) >= 3
    assert one(place, "SELECT count(*) FROM http_requests WHERE project_id = ?", place.project) == 45_000
    assert one(place, "SELECT min(id) FROM http_requests WHERE project_id = ?", other) == 45_011


def test_projects_that_store_too_much_take_turns(place: Place) -> None:
    other = place.do(keys.ensure_project, keys.EnsureProject("other", "Other"), NOW).id
    send(place, *[PLAIN] * 30)
    send(place, *[PLAIN] * 30, project=other)
    send(place, PLAIN)

    emptied(place, {Kind.REQUESTS: 10 * PLAIN_SIZE})

    assert asked(place, "SELECT count(*) FROM http_requests GROUP BY project_id") == [(10,), (10,)]


@pytest.mark.parametrize(
    ("change", "off"),
    [
        (lambda number: {}, 0.15),
        (lambda number: {"user_id": f"u_{number}", "path": f"/api/users/{number}"}, 0.15),
        (lambda number: {"span_id": f"{number:016x}", "parent_span_id": f"{number:016x}"}, 0.15),
        (lambda number: {"user_id": "ü" * 90, "path": f"/{number}?q={'p' * 900}", "error_fingerprint": "f"}, 0.15),
        (lambda number: {"path": f"/{number}?q={'p' * 9_000}"}, 0.25),
    ],
    ids=["plain", "users", "spans", "long", "huge"],
)
def test_what_rows_count_is_what_they_take_on_disk(
    place: Place, change: Callable[[int], dict[str, Any]], off: float
) -> None:
    count = 4_000
    rows = [
        PLAIN._replace(at=NOW + number, trace_id=f"{number * 7919:032x}", **change(number)) for number in range(count)
    ]
    send(place, *rows)
    counted = one(place, "SELECT requests FROM project_sizes")

    names = ("http_requests", "http_requests_at", "request_traces")
    taken = one(place, "SELECT sum(pgsize) FROM dbstat WHERE name IN (?, ?, ?)", *names)

    assert counted == pytest.approx(taken, rel=off)


def test_erasing_keeps_the_count_right(place: Place) -> None:
    send(place, *[PLAIN._replace(path="/u/ana/7?x")] * 5, *[PLAIN._replace(user_id="ana")] * 5)

    place.do(erasure.ask, erasure.Erase(place.project, Subject.USER, "ana"), NOW)
    while place.do(erasure.step, None, NOW).more:
        pass

    assert one(place, "SELECT requests FROM project_sizes") == one(place, f"SELECT sum({SIZE}) FROM http_requests r")


def tell(place: Place, at: int) -> int:
    told: int = place.do(tell_evicted, {Kind.REQUESTS: 200_000_000, Kind.REPLAY: 100_000_000}, at)
    return told


def letters(place: Place) -> list[tuple[str, dict[str, Any]]]:
    rows = asked(place, "SELECT channel, facts FROM outbox WHERE kind = 'evicted' ORDER BY id")
    return [(channel, json.loads(facts)) for channel, facts in rows]


def test_the_default_channels_are_told_once_a_day_whatever_the_number_of_steps(place: Place) -> None:
    send(place, *[PLAIN] * 1_500)
    record(place, 1)
    record(place, 2)
    emptied(place, {Kind.REQUESTS: 100 * PLAIN_SIZE, Kind.REPLAY: 0})

    assert [tell(place, NOW + MINUTE_MS) for _ in range(3)] == [1, 0, 0]
    send(place, *[PLAIN] * 7)
    emptied(place, {Kind.REQUESTS: 100 * PLAIN_SIZE}, NOW + HOUR_MS)
    assert tell(place, NOW + DAY_MS) == 0
    assert tell(place, NOW + DAY_MS + MINUTE_MS) == 1
    assert tell(place, NOW + 9 * DAY_MS) == 0

    (channel, first), (_, second) = letters(place)
    assert channel == "ops"
    assert (first["project"], first["since"]) == ("default", NOW)
    assert first["gone"] == [
        {"kind": "requests", "rows": 1_400, "limit": 200_000_000},
        {"kind": "replay", "rows": 1, "limit": 100_000_000},
    ]
    assert (second["since"], second["gone"][0]["rows"]) == (NOW + HOUR_MS, 7)


def test_a_project_that_is_gone_is_not_told_of(place: Place) -> None:
    send(place, *[PLAIN] * 5, project=99)
    emptied(place, {Kind.REQUESTS: 0})

    assert tell(place, NOW) == 0


def test_quiet_hours_hold_it_back(place: Place) -> None:
    quiet = QuietHours(time(11), time(13))
    place.route(Routing(default_channels=("ops",), rules={"ops": ChannelRules(quiet=quiet)}))
    send(place, *[PLAIN] * 5)
    emptied(place, {Kind.REQUESTS: 0})

    assert tell(place, NOW) == 1
    assert one(place, "SELECT next_attempt_at FROM outbox WHERE kind = 'evicted'") == t("13:00")
