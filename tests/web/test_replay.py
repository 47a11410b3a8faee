"""POST /ingest/v1/replay: every row of contract.md 4."""

import json
from typing import Any

from seestackd.core.replay import ReplayEvent
from tests.rows import rows
from tests.web.conftest import NOW, Daemon

PATH = "/ingest/v1/replay"
EVENT = {"eventType": "click", "eventData": '{"x":1}', "url": "https://shop.example/", "timestampMillis": 1000}


def batch(*events: Any, **changes: Any) -> dict[str, Any]:
    return {"fingerprint": "fp", "sessionId": "[REDACTED]", "events": list(events), **changes}


def but(**changes: Any) -> dict[str, Any]:
    return batch({**EVENT, **changes})


def without(field: str) -> dict[str, Any]:
    return batch({name: value for name, value in EVENT.items() if name != field})


async def test_a_batch_is_accepted_and_can_be_read_again(daemon: Daemon) -> None:
    later = {**EVENT, "eventType": "error", "timestampMillis": 2000.0, "url": None}

    answer = await daemon.send(PATH, batch(later, EVENT))

    assert answer.status == 202
    assert answer.json["success"] is True
    assert answer.json["data"] == {"eventsReceived": 2}
    assert set(answer.json["meta"]) == {"requestId", "timestamp"}
    assert await daemon.events("fp") == [
        ReplayEvent(1000, "click", '{"x":1}', "https://shop.example/"),
        ReplayEvent(2000, "error", '{"x":1}', None),
    ]
    assert await daemon.events("other") == []


async def test_an_event_without_an_instant_stands_where_it_arrived(daemon: Daemon) -> None:
    await daemon.send(PATH, batch({"eventType": "a", "eventData": "x"}, EVENT))

    assert [event.at for event in await daemon.events("fp")] == [1000, NOW]


async def test_a_thousand_events_of_half_a_megabyte_are_taken(daemon: Daemon) -> None:
    data = json.dumps({"text": "x" * 400, "path": 'a "quoted" word'})

    for zipped in (False, True):
        answer = await daemon.send(PATH, batch(*[{**EVENT, "eventData": data}] * 1000), zipped=zipped)
        assert (answer.status, answer.json["data"]) == (202, {"eventsReceived": 1000})

    events = await daemon.events("fp")
    assert len(events) == 2000
    assert {event.data for event in events} == {data}


@rows(
    ("document", "details"),
    [
        (batch(EVENT, fingerprint=None), {"fingerprint": "must not be blank"}),
        (batch(EVENT, fingerprint=" "), {"fingerprint": "must not be blank"}),
        (batch(EVENT, fingerprint=1), {"fingerprint": "must be a string"}),
        (batch(EVENT, sessionId=""), {"sessionId": "must not be blank"}),
        (batch(), {"events": "must not be empty"}),
        (batch(events=None), {"events": "must not be empty"}),
        (batch(events="x"), {"events": "must be a list"}),
        (batch(EVENT, 7), {"events[1]": "must be an object"}),
        (batch(None), {"events[0]": "must not be null"}),
        (without("eventType"), {"events[0].eventType": "must not be blank"}),
        (but(eventType=""), {"events[0].eventType": "must not be blank"}),
        (without("eventData"), {"events[0].eventData": "must not be blank"}),
        (but(eventData=" "), {"events[0].eventData": "must not be blank"}),
        (but(eventData={"x": 1}), {"events[0].eventData": "must be a string"}),
        (but(eventData=[1]), {"events[0].eventData": "must be a string"}),
        (but(url=5), {"events[0].url": "must be a string"}),
        (but(timestampMillis="1000"), {"events[0].timestampMillis": "must be an integer"}),
        (but(timestampMillis=True), {"events[0].timestampMillis": "must be an integer"}),
        (but(timestampMillis=2**63), {"events[0].timestampMillis": f"must be less than or equal to {2**63 - 1}"}),
        (
            batch({}, EVENT, {"eventType": "x"}, sessionId=None),
            {
                "sessionId": "must not be blank",
                "events[0].eventType": "must not be blank",
                "events[0].eventData": "must not be blank",
                "events[2].eventData": "must not be blank",
            },
        ),
    ],
)
async def test_a_broken_batch_is_refused_whole(daemon: Daemon, document: Any, details: dict[str, str]) -> None:
    answer = await daemon.send(PATH, document)

    assert answer.status == 422
    assert answer.json["error"] == {"code": "VALIDATION_ERROR", "message": "Validation failed", "details": details}
    assert await daemon.nothing_stored()


async def test_a_sea_of_broken_events_gets_a_bounded_answer(daemon: Daemon) -> None:
    answer = await daemon.send(PATH, batch(*[{}] * 200_000))

    assert answer.status == 422
    assert len(answer.json["error"]["details"]) == 1000


async def test_passwords_and_cards_are_masked_before_they_are_stored(daemon: Daemon) -> None:
    data = '{"type":"password","value":"hunter2"},{"card":"4111-1111-1111-1111","TOKEN":"abc","k":"v"}'

    await daemon.send(PATH, but(eventData=data, url="https://u:pw@shop.example/?token=abc&page=1"))

    (event,) = await daemon.events("fp")
    assert event.data == (
        '{"type":"password","value":"***REDACTED***"},{"card":"****-****-****-1111","TOKEN":"***REDACTED***","k":"v"}'
    )
    assert event.url == "https://u:***REDACTED***@shop.example/?token=***REDACTED***&page=1"


async def test_a_batch_for_a_store_that_cannot_commit_is_to_be_repeated(daemon: Daemon) -> None:
    await daemon.runner.stop()

    answer = await daemon.send(PATH, batch(EVENT))

    assert (answer.status, answer.json["error"]["code"]) == (503, "UNAVAILABLE")
    assert answer.headers["Retry-After"]
