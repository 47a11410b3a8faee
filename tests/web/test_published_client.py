"""The client that is published for SeeStack, pointed here by its `host` setting, as a program of its own."""

from tests import published
from tests.web.api import Console, console
from tests.web.conftest import Daemon

REPLAY = """
with allstak.replay.start_session("s_1", "fp-client") as session:
    for number in range(3):
        session.record("click", {"selector": "#buy", "password": "hunter2-canary", "n": number}, url="https://shop.example/")
"""
HEARTBEATS = """
assert allstak.cron.ping("nightly", "success", 1200, message="all 3 files")
try:
    with allstak.cron.job("nightly"):
        raise RuntimeError("disk full")
except RuntimeError:
    pass
assert not allstak.cron.ping("nobody", "success", 1)
"""
REQUESTS = """
for status in (200, 503):
    allstak.http.record(
        direction="inbound", method="GET", host="shop.example", path="/pay?token=hunter2-canary", status_code=status,
        duration_ms=40, trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
    )
with allstak.http.track_outbound("POST", "https://psp.example/charge") as call:
    call.set_response(201, 17)
"""


async def test_its_heartbeats_requests_and_replays_are_taken(daemon: Daemon) -> None:
    home = await console(daemon)

    await published.send(HEARTBEATS + REQUESTS + REPLAY, home.key, f"http://127.0.0.1:{daemon.port}")

    await _heartbeats_are_stored(daemon, home)
    await _requests_are_stored(daemon)
    await _the_replay_can_be_played(home)


async def _heartbeats_are_stored(daemon: Daemon, home: Console) -> None:
    pings = [stored.ping for stored in await daemon.pings()]
    assert [(ping.kind, ping.message) for ping in sorted(pings, key=lambda ping: ping.kind, reverse=True)] == [
        ("success", "all 3 files"),
        ("failed", "disk full"),
    ]
    assert (await home.get("/cron-monitors"))["items"][0]["currentStatus"] == "failed"


async def _requests_are_stored(daemon: Daemon) -> None:
    stored = await daemon.requests()
    assert sorted((one.outbound, one.host, one.path, one.status_code) for one in stored) == [
        (False, "shop.example", "/pay", 200),
        (False, "shop.example", "/pay", 503),
        (True, "psp.example", "/charge", 201),
    ]
    assert "hunter2" not in str(stored)


async def _the_replay_can_be_played(home: Console) -> None:
    """The client's scrubber masks the session's id, so the fingerprint finds a session."""
    found = await home.get("/replay/fp-client")
    assert (found["sessionId"], found["totalEvents"]) == ("[REDACTED]", 3)
    assert "hunter2" not in str(found)
    assert (await home.get("/sessions"))["items"][0]["clicks"] == 3
