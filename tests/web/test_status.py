"""The public status page and badges, as outsiders get them."""

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from seestackd.core.monitor import new_monitor, new_rules
from seestackd.core.pings import PingKind
from seestackd.operations import maintenance, monitors
from seestackd.operations.deadlines import JudgeDue, judge_due
from seestackd.operations.pings import RecordPing, record
from seestackd.operations.public import badge_path
from seestackd.store.interface import Transaction
from tests.web.conftest import NOW, Answer, Daemon

HOUR = 3_600_000
EVIL = '<script>alert("x")</script>&amp;\'"><img src=x onerror=alert(1)>'


async def add(daemon: Daemon, slug: str, *, tags: tuple[str, ...] = (), **rules: Any) -> None:
    new = new_monitor(slug, "1d", name=f"secret {slug}", rules=new_rules(**{"public": True, **rules}), tags=tags)
    await daemon.runner.run(monitors.add, monitors.AddMonitor(daemon.project_id, new, f"id-{slug}"))


async def ping(daemon: Daemon, slug: str, kind: str = "success") -> None:
    await daemon.runner.run(record, RecordPing(daemon.project_id, slug, PingKind(kind)))


async def page(daemon: Daemon, **headers: str) -> Answer:
    return await daemon.send("/status", method="GET", key=None, headers=headers)


async def text(daemon: Daemon) -> str:
    daemon.clock.at += 20_000
    return (await page(daemon)).body.decode()


async def badge(daemon: Daemon, kind: str, name: str, form: str = "svg") -> Answer:
    def path(tx: Transaction, command: None, at: int) -> str:
        return badge_path(tx, tx.projects.all()[0], kind, name)

    return await daemon.send(f"{await daemon.runner.read(path, None)}.{form}", method="GET", key=None)


async def test_there_is_no_page_while_nothing_is_public(daemon: Daemon) -> None:
    await add(daemon, "inner", public=False)

    assert (await page(daemon)).status == 404


async def test_it_shows_public_monitors_by_their_public_names_and_nothing_else(daemon: Daemon) -> None:
    await add(daemon, "backup", public_name="Backups")
    await add(daemon, "inner", public=False)
    await ping(daemon, "backup")
    answer = await page(daemon)
    shown = answer.body.decode()

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "All systems operational" in shown
    assert "Backups" in shown
    assert not re.search("secret|inner|nightly|backup(?!s)", shown)


async def test_it_says_what_is_down_and_since_when(daemon: Daemon) -> None:
    await add(daemon, "backup", public_name="Backups")
    await add(daemon, "mail")
    await ping(daemon, "mail")
    await ping(daemon, "backup", "failed")
    daemon.clock.at += 41 * 60_000
    shown = await text(daemon)

    assert "1 of 2 systems is down" in shown
    assert re.search(r"<bdi>Backups</bdi> failed, <b[^>]*>for 41 min so far</b>", shown)
    await ping(daemon, "backup")
    shown = await text(daemon)
    assert "All systems operational" in shown
    assert "<bdi>Backups</bdi> failed for 41 min" in shown


async def test_a_missed_run_shows_as_late_then_as_down(daemon: Daemon) -> None:
    await add(daemon, "backup", grace="1h")
    await ping(daemon, "backup")
    daemon.clock.at += 24 * HOUR + 60_000
    assert "1 of 1 systems is late" in await text(daemon)
    daemon.clock.at += HOUR
    await daemon.runner.run(judge_due, JudgeDue())
    assert "1 of 1 systems is down" in await text(daemon)


async def test_planned_work_is_told_instead_of_trouble(daemon: Daemon) -> None:
    await add(daemon, "backup")
    await ping(daemon, "backup", "failed")
    window = maintenance.AddMaintenance(daemon.project_id, "move", NOW, NOW + HOUR)
    await daemon.runner.run(maintenance.add, window)

    assert "Planned work on 1 of 1 systems" in await text(daemon)


async def test_systems_stand_in_groups_by_tag(daemon: Daemon) -> None:
    await add(daemon, "dump", tags=("db", "prod"))
    await add(daemon, "mail")
    shown = await text(daemon)

    assert re.findall(r"<h2>(.*?)</h2>", shown)[:2] == ["db", "Other"]


async def test_names_are_shown_as_text(daemon: Daemon) -> None:
    await add(daemon, "backup", public_name=EVIL)
    await add(daemon, "long", public_name="x" * 200)
    await ping(daemon, "backup", "failed")
    shown = (await page(daemon)).body.decode()

    assert not re.search(r"<(script|img)", shown)
    assert "&lt;script&gt;" in shown


async def test_nothing_on_it_runs_or_asks_another_host(daemon: Daemon) -> None:
    await add(daemon, "backup")
    answer = await page(daemon)
    shown, policy = answer.body.decode(), answer.headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in policy + shown
    assert re.findall(r'(?:src|href|action|url)[=(]"?([^"&) >]*)', shown) == ["data:,"]


async def test_a_page_that_has_not_changed_is_not_sent_again(daemon: Daemon) -> None:
    await add(daemon, "backup")
    first = await page(daemon)
    again = await page(daemon, **{"If-None-Match": first.headers["ETag"]})

    assert (again.status, again.body) == (304, b"")
    await ping(daemon, "backup", "failed")
    changed = await page(daemon, **{"If-None-Match": first.headers["ETag"]})
    assert (changed.status, first.headers["ETag"] != changed.headers["ETag"]) == (200, True)


async def test_the_store_is_asked_once_however_many_look(daemon: Daemon) -> None:
    await add(daemon, "backup")
    await page(daemon)
    asked: list[str] = []
    read = daemon.runner.read

    async def counted(query: Any, command: Any) -> Any:
        asked.append(query.__name__)
        return await read(query, command)

    daemon.runner.read = counted  # type: ignore[method-assign]
    for _ in range(20):
        await page(daemon)
    assert asked == []
    daemon.clock.at += 16_000
    for _ in range(20):
        await page(daemon)
    assert asked == ["status_page"]


# Badges


@pytest.mark.parametrize(
    ("kind", "message", "colour"),
    [("success", "ok", "0f766e"), ("failed", "down", "be123c"), (None, "no report yet", "57606a")],
)
async def test_a_badge_says_how_a_monitor_is(daemon: Daemon, kind: str | None, message: str, colour: str) -> None:
    await add(daemon, "backup", public=False)
    if kind is not None:
        await ping(daemon, "backup", kind)
    said = (await badge(daemon, "m", "backup", "json")).json

    assert said == {
        "schemaVersion": 1, "label": "secret backup", "message": message, "color": colour, "isError": kind == "failed",
    }  # fmt: skip
    picture = await badge(daemon, "m", "backup")
    assert picture.headers["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert f"secret backup: {message}" in picture.body.decode()


async def test_the_badge_of_a_tag_counts_who_is_down(daemon: Daemon) -> None:
    for slug in ("one", "two", "three"):
        await add(daemon, slug, tags=("db",))
        await ping(daemon, slug)
    assert (await badge(daemon, "t", "db", "json")).json["message"] == "ok"
    await ping(daemon, "two", "failed")
    daemon.clock.at += 3_000
    assert (await badge(daemon, "t", "db", "json")).json["message"] == "1 of 3 down"


async def test_a_badge_of_a_public_monitor_has_its_public_name(daemon: Daemon) -> None:
    await add(daemon, "backup", public_name=EVIL)
    picture = (await badge(daemon, "m", "backup")).body.decode()

    assert ElementTree.fromstring(picture).attrib["aria-label"].startswith('<script>alert("x")</script>&')
    assert "secret" not in picture
    assert "<script" not in picture


@pytest.mark.parametrize("path", ["/badge/{token}/m/backup.svg", "/badge/x/t/db.json", "/badge/{token}/m/none.svg"])
async def test_a_wrong_address_tells_nothing(daemon: Daemon, path: str) -> None:
    await add(daemon, "backup", tags=("db",))
    answer = await daemon.send(path.format(token="0" * 32), method="GET", key=None)

    assert (answer.status, answer.json["error"]["message"]) == (404, "there is no such badge")


async def test_proxies_ask_for_a_badge_again_and_get_304(daemon: Daemon) -> None:
    first = await badge(daemon, "m", "nightly")
    assert first.headers["Cache-Control"] == "no-cache"
    url = await daemon.runner.read(lambda tx, _, at: badge_path(tx, tx.projects.all()[0], "m", "nightly"), None)
    again = await daemon.send(
        f"{url}.svg", method="GET", key=None, headers={"If-None-Match": first.headers["ETag"]}
    )  # fmt: skip

    assert (again.status, again.body) == (304, b"")
