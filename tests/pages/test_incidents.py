"""Incidents, alerts, the timeline, a month and the settings as pages: what they show and what they change."""

import html
import re
from pathlib import Path
from typing import Any

import pytest

from seestackd.core.alerts import Routing
from seestackd.core.incidents import SEVERITY, Alert, AlertKind
from seestackd.core.monitor import State, new_monitor, new_rules
from seestackd.core.pings import PingKind
from seestackd.operations.lanes import ClaimLane, claim_lane
from seestackd.operations.outbox import SettleDelivery, settle_delivery
from seestackd.operations.pings import RecordPing, record
from seestackd.store.interface import Transaction
from seestackd.store.told import Tick
from seestackd.web.pages.timeline import lane
from tests.pages.conftest import House, house
from tests.rows import rows

MINUTE = 60_000


async def report(house: House, kind: str, slug: str = "nightly", **said: Any) -> None:
    await house.runner.run(record, RecordPing(house.project_id, slug, PingKind(kind), **said))


async def give_up(house: House, channel: str = "ops") -> None:
    claimed = await house.runner.run(claim_lane, ClaimLane(channel, "me", 30_000))
    for row in claimed.rows:
        result = SettleDelivery(row.id, "me", 30_000, False, 400, error="HTTP 404", status=404, hopeless=True)
        await house.runner.run(settle_delivery, result)


async def read(house: House, query: Any) -> Any:
    return await house.runner.read(lambda tx, _, at: query(tx), None)


@pytest.fixture
async def troubled(open_house: House) -> House:
    """`nightly` has failed, and the one channel takes no messages."""
    open_house.runner.route(Routing(default_channels=("ops",)))
    await report(open_house, "failed", message="disk full")
    await give_up(open_house)
    return open_house


async def test_it_tells_of_trouble_and_that_nobody_was_reached(troubled: House) -> None:
    shown = (await troubled.get("/i")).text

    assert "nightly" in shown
    assert 'class="told told-dead"' in shown
    assert "could not be delivered" in shown, "a banner on every page"
    story = (await troubled.get("/i/1")).text
    assert "given up after 1 attempt: HTTP 404" in story
    assert "disk full" in story


async def test_a_link_to_silence_changes_nothing_until_it_is_confirmed(troubled: House) -> None:
    page = await troubled.get("/i/1/silence")
    assert (await read(troubled, lambda tx: tx.incidents.by_id(1))).silenced_until is None

    answer = await troubled.post("/i/1/silence", {"csrf": page.token, "for": "8h"})

    assert (answer.status, answer.headers["Location"]) == (303, "/i/1")
    silenced = (await read(troubled, lambda tx: tx.incidents.by_id(1))).silenced_until
    assert silenced == troubled.clock.at + 8 * 60 * MINUTE


@pytest.mark.parametrize("lasting", ["", "long", "0s", "9000d"])
async def test_a_silence_of_no_sensible_length_is_refused(troubled: House, lasting: str) -> None:
    page = await troubled.get("/i/1/silence")
    answer = await troubled.post("/i/1/silence", {"csrf": page.token, "for": lasting})

    assert answer.status == 422
    assert (await read(troubled, lambda tx: tx.incidents.by_id(1))).silenced_until is None


async def test_somebody_takes_care_and_it_is_written_down_who(troubled: House) -> None:
    page = await troubled.get("/i/1")
    await troubled.post("/i/1/ack", {"csrf": page.token})

    assert (await read(troubled, lambda tx: tx.incidents.by_id(1))).acked_by == "this machine"
    assert "by this machine" in (await troubled.get("/i/1")).text


async def test_what_was_given_up_is_sent_again_or_put_away(troubled: House) -> None:
    page = await troubled.get("/i?alerts=dead")
    assert "Send again" in page.text
    (dead,) = await read(troubled, lambda tx: [row.id for row in tx.outbox.listed(10, "dead")])

    assert (await troubled.post(f"/alerts/{dead}/resend", {"csrf": page.token})).status == 303
    assert "on its way" in (await troubled.get("/i?alerts=pending")).text
    assert "could not be delivered" not in (await troubled.get("/i")).text
    await give_up(troubled)
    again = max(await read(troubled, lambda tx: [row.id for row in tx.outbox.listed(10, "dead")]))
    await troubled.post(f"/alerts/{again}/ack", {"csrf": page.token})
    assert "All that was sent has arrived" in (await troubled.get("/i?alerts=dead")).text


async def test_the_alert_log_goes_back_to_its_beginning(open_house: House) -> None:
    def many(tx: Transaction, count: int, at: int) -> None:
        facts = [{"slug": f"job-{number}"} for number in range(count)]
        projects = (open_house.project_id, None, 99)
        kind = AlertKind.MISSED
        tx.outbox.put([Alert(f"a{n}", "ops", kind, SEVERITY[kind], told, projects[n % 3])
                       for n, told in enumerate(facts)], at)  # fmt: skip

    await open_house.runner.run(many, 360)
    seen: list[str] = []
    path = "/i?alerts=all"
    for _ in range(3):
        page = (await open_house.get(path)).text
        seen += re.findall(r"job-(\d+)", page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = html.unescape(older[1]) if older else ""

    assert [int(number) for number in seen] == [number for number in range(359, -1, -1) if number % 3 != 2]
    assert not path
    assert (await open_house.get("/i?alerts=all&before=nonsense")).status == 200
    assert (await open_house.get(f"/i?alerts=all&before={'9' * 400}")).status == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [("state=open", True), ("state=closed", False), ("monitor=nightly", True), ("channel=ops", True),
     ("channel=nobody", False)],
)  # fmt: skip
async def test_incidents_are_filtered(troubled: House, query: str, found: bool) -> None:
    assert ('href="/i/1"' in (await troubled.get(f"/i?{query}")).text) == found


@rows(
    "path", ["/i/99", "/i/99999999999999999999999", f"/i/{'9' * 5000}", f"/i/{'9' * 5000}/silence", "/i/99/silence",
             "/i?monitor=none", "/summary/2099-01", "/summary/2026-13"],
)  # fmt: skip
async def test_what_is_not_there_is_a_friendly_page(troubled: House, path: str) -> None:
    answer = await troubled.get(path, Accept="text/html")

    assert (answer.status, "<h1" in answer.text) == (404, True)


async def test_a_month_is_summed_up_by_monitor_and_tag(troubled: House) -> None:
    await troubled.add(new_monitor("dump", "1d", tags=("db",)))
    troubled.clock.at += 20 * MINUTE
    shown = (await troubled.get("/summary")).text

    assert "20 min" in shown
    assert re.search(r'class="tag">db<', shown)


async def test_a_key_is_shown_once_and_can_be_revoked(open_house: House) -> None:
    page = await open_house.get("/settings")
    made = await open_house.post("/keys", {"csrf": page.token, "name": "prod-cron", "scope": "read"})
    (secret,) = re.findall(r"ssk_\w{36}", made.text)

    again = (await open_house.get("/settings")).text
    assert secret not in again
    assert "prod-cron" in again
    (uid,) = re.findall(r'action="/keys/([^"]+)/revoke"', again)
    await open_house.post(f"/keys/{uid}/revoke", {"csrf": page.token})
    assert "revoked" in (await open_house.get("/settings")).text


@pytest.mark.parametrize("fields", [{"name": ""}, {"name": "x", "scope": "everything"}])
async def test_a_key_without_name_or_scope_is_refused_on_the_page(open_house: House, fields: dict[str, str]) -> None:
    page = await open_house.get("/settings")
    answer = await open_house.post("/keys", {"csrf": page.token, **fields})

    assert 'class="wrong"' in answer.text
    assert not await read(open_house, lambda tx: tx.keys.all())


async def test_work_is_planned_in_a_zone_and_called_off(open_house: House) -> None:
    page = await open_house.get("/settings")
    fields = {"title": "Move", "starts": "2026-12-01T03:00", "ends": "2026-12-01T05:00", "timezone": "Europe/Berlin"}
    await open_house.post("/maintenance", {"csrf": page.token, **fields})

    def windows(tx: Transaction) -> Any:
        return tx.maintenance.in_project(open_house.project_id)

    (window,) = await read(open_house, windows)
    assert (window.title, window.ends_at - window.starts_at) == ("Move", 120 * MINUTE)
    assert window.starts_at % (24 * 60 * MINUTE) == 120 * MINUTE, "03:00 in Berlin is 02:00 UTC"
    await open_house.post(f"/maintenance/{window.uid}/remove", {"csrf": page.token})
    assert await read(open_house, windows) == []


@pytest.mark.parametrize("fields", [{}, {"starts": "soon", "ends": "later"}, {"schedule": "0 0 31 2 *"}])
async def test_a_window_that_cannot_be_keeps_the_form_and_says_why(open_house: House, fields: dict[str, str]) -> None:
    page = await open_house.get("/settings")
    answer = await open_house.post("/maintenance", {"csrf": page.token, "title": "Move the rack", **fields})

    assert 'class="wrong" role="alert"' in answer.text
    assert 'value="Move the rack"' in answer.text


async def test_the_timeline_draws_a_lane_per_job(troubled: House) -> None:
    await troubled.add(new_monitor("dump", "1d", tags=("db",), rules=new_rules()))
    shown = (await troubled.get("/timeline?range=7d")).text
    tagged = (await troubled.get("/timeline?tag=db")).text

    assert shown.count('class="lane"') == 2
    assert 'class="b-failed"' in shown
    assert tagged.count('class="lane"') == 1


def test_a_lane_tells_outcomes_by_shape_and_in_words() -> None:
    ticks = [Tick(0, "on_time", 0, 0, 1), Tick(1, "missed", 100, 300, 3), Tick(2, "unknown", 500, 500, 1),
             Tick(3, "overrun", 700, 700, 1)]  # fmt: skip
    drawn = str(lane(ticks, State(), 0, 1000, 900))

    assert 'aria-label="1 hung, 3 missed, 1 ok, 1 unknown"' in drawn
    assert 'class="b-missed"' in drawn
    assert 'class="t-hung" fill="url(#hatch-hung)"' in drawn
    assert 'class="t-unknown" fill="url(#hatch-unknown)"' in drawn


async def test_the_status_page_is_there_below_the_sub_path_too(tmp_path: Path) -> None:
    async with house(tmp_path, public_url="https://mon.example/mon") as running:
        await running.add(new_monitor("dump", "1d", rules=new_rules(public=True)))
        assert [(await running.get(path)).status for path in ("/status", "/mon/status")] == [200, 200]
