"""What erasing a user makes of paths, endpoints, sums, and of what alerts told."""

import json
from typing import Any
from urllib.parse import quote

from seestackd.core.erasure import Subject, told_without, without
from seestackd.core.telemetry import HttpRequest, grouped
from seestackd.operations import erasure, telemetry
from seestackd.store.interface import Transaction
from tests.core.world import t
from tests.operations.place import Place
from tests.rows import rows

USER = "ana@b.example"


def asked(path: str, user: str | None = None) -> HttpRequest:
    return HttpRequest(t("00:00"), "t", False, "GET", "shop", path, 500, 5, 0, 0, False, user, None)


def send(place: Place, *requests: HttpRequest) -> None:
    place.do(telemetry.store, telemetry.StoreRequests(place.project, requests), t("00:01"))
    place.do(telemetry.roll_up, telemetry.RollUp(), t("00:01"))


def erase(place: Place, user: str = USER) -> None:
    place.do(erasure.ask, erasure.Erase(place.project, Subject.USER, user), t("00:02"))
    while place.do(erasure.step, None, t("00:02")).more:
        pass


def endpoints(place: Place) -> dict[str, int]:
    command = telemetry.SumRequests(place.project, t("00:00"), t("01:00"))
    found = place.do(telemetry.endpoints, command, t("00:03"))
    return {endpoint.path: summed.tally.requests for endpoint, summed in found}


@rows(
    ("path", "user", "left"),
    [
        ("/users/ana", "ana", "/users/:id"),
        ("/users/ana/", "ana", "/users/:id/"),
        ("/anas/banana/ana-x?u=ana&v=(ana)", "ana", "/anas/banana/:id-x?u=:id&v=(:id)"),
        ("/a%20ana%40b", "ana", "/a%20:id%40b"),
        ("/m/ana%40b.example/ana%40B.example", "ana@b.example", "/m/:id/ana%40B.example"),
        ("/m/j%c3%b6rg/j%C3%B6rg/jörg", "jörg", "/m/:id/:id/:id"),
        ("/o/117/17/170", "17", "/o/117/:id/170"),
        ("/a/@b", "@b", "/a/:id"),
        ("/a.b/c", "x", "/a.b/c"),
    ],
)
def test_a_name_goes_from_a_path_where_it_is_a_word(path: str, user: str, left: str) -> None:
    assert without(path, user) == left


def test_the_id_of_who_asked_is_no_part_of_an_endpoint() -> None:
    assert grouped("/users/ana/orders/17", "ana") == "/users/:id/orders/:id"
    assert grouped(f"/users/{quote(USER)}?x=1", USER) == "/users/:id"
    assert grouped("/users/ana", None) == "/users/ana"
    assert grouped("/users/anastasia", "ana") == "/users/anastasia"


def test_sums_outlive_the_name_of_their_endpoint(place: Place) -> None:
    send(place, *[asked(f"/users/{USER}")] * 3, asked("/users/bob"), asked("/users/:id"), asked("/users/x", "x"))
    assert endpoints(place) == {f"/users/{USER}": 3, "/users/bob": 1, "/users/:id": 2}

    erase(place)

    assert endpoints(place) == {"/users/bob": 1, "/users/:id": 5}


def test_requests_of_others_stay_without_the_name(place: Place) -> None:
    send(place, asked(f"/users/{quote(USER, safe='')}/orders/17?of={USER}", "admin"), asked("/cart", USER))

    erase(place)

    between = telemetry.RequestsBetween(place.project, t("00:00"), t("01:00"))
    assert [(one.path, one.user_id) for one in place.do(telemetry.requests_between, between, t("00:03"))] == [
        ("/users/:id/orders/17?of=:id", "admin")
    ]


def test_what_comes_after_an_erasure_finds_its_endpoint(place: Place) -> None:
    send(place, asked(f"/users/{USER}"))
    erase(place)

    send(place, asked(f"/users/{USER}"))

    assert endpoints(place) == {"/users/:id": 1, f"/users/{USER}": 1}


def test_another_project_keeps_what_it_has(place: Place) -> None:
    send(place, asked(f"/users/{USER}"))
    place.do(telemetry.store, telemetry.StoreRequests(99, (asked(f"/users/{USER}", USER),)), t("00:01"))

    erase(place)

    between = telemetry.RequestsBetween(99, t("00:00"), t("01:00"))
    assert [one.path for one in place.do(telemetry.requests_between, between, t("00:03"))] == [f"/users/{USER}"]


def test_alerts_and_incidents_forget_the_name_too(place: Place) -> None:
    monitor = place.add()
    place.do(
        telemetry.store,
        telemetry.StoreRequests(monitor.project_id, (asked(f"/users/{USER}", USER)._replace(trace_id="run"),)),
        t("00:58"),
    )
    place.failed(t("01:00"), trace_id="run")

    def told(tx: Transaction, command: None, at: int) -> str:
        incidents = tx.incidents.listed(open_only=False, limit=10)
        alerts = [row.alert.facts for each in incidents for row in tx.outbox.pending_for(each.id)]
        return json.dumps([*(dict(each.facts or {}) for each in incidents), *map(dict, alerts)])

    assert place.do(told, None, t("01:01")).count(USER) == 2

    erase(place)

    after = place.do(told, None, t("01:01"))
    assert USER not in after
    assert after.count("GET shop/users/:id") == 2


@rows(
    "facts",
    [{}, {"requests": None}, {"requests": {"first_error": None}}, {"slow": []}, {"slow": [{"name": "GET h/ana"}]}],
)
def test_facts_without_a_name_stay_as_they_are(facts: dict[str, Any]) -> None:
    assert told_without(facts, "bob") == facts
