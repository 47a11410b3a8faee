"""The list of monitors, the page of one, and its forms, as a browser without scripts sees them."""

import html
import json
import re
from typing import Any

import pytest

from seestackd.core.monitor import new_monitor, new_rules
from seestackd.core.pings import PingKind
from seestackd.operations import audit, monitors
from seestackd.operations.deadlines import JudgeDue, judge_due
from seestackd.operations.pings import RecordPing, record
from seestackd.store.listings import Page as Part
from tests.pages.conftest import NOW, House

HOUR, DAY = 3_600_000, 86_400_000
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202ered\u0007"


async def ping(house: House, slug: str, kind: PingKind = PingKind.SUCCESS, **fields: Any) -> None:
    await house.runner.run(record, RecordPing(house.project_id, slug, kind, **fields))


def rows(text: str) -> list[str]:
    return re.findall(r'<tr id="m\d+" data-state="(\w+)"', text)


async def test_trouble_stands_first_and_is_counted_in_the_title(open_house: House) -> None:
    for slug in ("a-good", "b-bad", "c-waits"):
        await open_house.add(new_monitor(slug, "1d", tags=("db",) if slug == "b-bad" else ()))
    await ping(open_house, "a-good")
    await ping(open_house, "b-bad", PingKind.FAILED, exit_code=3)
    page = await open_house.get("/")

    assert rows(page.text) == ["failed", "pending", "pending", "healthy"]
    assert "<title>(1) Monitors · seestackd</title>" in page.text
    assert "icon-bad." in page.text
    assert "1 needs attention · 1 ok · 2 waiting" in page.text
    assert 'aria-label="1 run: 1 failed"' in page.text


async def test_filters_leave_what_matches(open_house: House) -> None:
    await open_house.add(new_monitor("etl-orders", "1d", name="Orders", tags=("db",)))
    await ping(open_house, "etl-orders", PingKind.FAILED)

    assert rows((await open_house.get("/?q=order")).text) == ["failed"]
    assert rows((await open_house.get("/?tag=db")).text) == ["failed"]
    assert rows((await open_house.get("/?state=ok")).text) == []
    assert rows((await open_house.get("/?state=trouble")).text) == ["failed"]
    assert "Nothing matches" in (await open_house.get("/?q=zzz")).text


async def test_what_others_wrote_is_inert_and_breaks_nothing(open_house: House) -> None:
    await open_house.add(new_monitor("hostile", "1d", name="<b>&\"'{{7*7}}</b>"))
    output = HOSTILE + "x" * 100_000
    await ping(open_house, "hostile", PingKind.FAILED, message=HOSTILE, output=output, output_size=len(output))
    listed, page = await open_house.get("/"), await open_house.get("/m/hostile")
    output = await open_house.get(re.findall(r'href="(/m/hostile/output/\d+)"', page.text)[0])

    for shown in (listed, page, output):
        assert "<script>alert" not in shown.text
        assert "<b>&" not in shown.text
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\u202e]", shown.text)
    assert "{{7*7}}" in listed.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert "x" * 100_000 in output.text


async def test_the_page_of_a_monitor_tells_what_came_and_what_is_expected(open_house: House) -> None:
    await open_house.add(new_monitor("backup", "0 3 * * *", timezone="Europe/Berlin"))
    for minutes in (12, 13, 12, 14, 12, 31):
        await ping(open_house, "backup", duration_ms=minutes * 60_000, host="web-2")
        open_house.clock.at += DAY
    page = await open_house.get("/m/backup")

    assert page.status == 200
    assert "Europe/Berlin" in page.text
    assert page.text.count("web-2") == 6
    assert "12 m 30 s" in html.unescape(page.text), "the median"
    assert 'aria-label="Durations of the last 6 runs"' in page.text
    assert f"curl -fsS -m 10 --retry 5 -o /dev/null {open_house.url}/ping/" in page.text
    assert "CEST" in page.text


async def test_an_output_of_another_monitor_is_not_shown(open_house: House) -> None:
    await open_house.add(new_monitor("one", "1d"))
    await ping(open_house, "one", output="secret", output_size=6)

    assert (await open_house.get("/m/one/output/1")).status == 200
    assert (await open_house.get("/m/nightly/output/1")).status == 404
    assert (await open_house.get("/m/nobody")).status == 404
    assert "No cron monitor found" in (await open_house.get("/m/nobody")).text


async def test_a_monitor_is_created_changed_and_removed_by_forms(open_house: House) -> None:
    form = await open_house.get("/monitors/new")
    sent = {"csrf": form.token, "slug": "nightly-backup", "schedule": "0 3 * * *", "timezone": "Europe/Berlin",
            "grace": "15m", "tags": "db, prod", "told": "default", "watch_from_creation": "on"}  # fmt: skip
    created = await open_house.post("/monitors/new", sent)
    edit = await open_house.get("/m/nightly-backup/edit")
    version = re.findall(r'name="version" value="(\d+)"', edit.text)[0]
    changed = await open_house.post("/m/nightly-backup/edit", {**sent, "grace": "30m", "version": version})
    stale = await open_house.post("/m/nightly-backup/edit", {**sent, "grace": "1h", "version": version})
    nonsense = await open_house.post("/m/nightly-backup/edit", {**sent, "grace": "1h", "version": "9" * 5000})
    now = await open_house.runner.read(monitors.shown, monitors.MonitorNamed(open_house.project_id, "nightly-backup"))
    removed = await open_house.post("/m/nightly-backup/remove", {"csrf": form.token})

    assert created.headers["Location"] == "/m/nightly-backup"
    assert changed.status == 303
    assert (stale.status, nonsense.status) == (409, 409)
    assert "changed by somebody else" in stale.text
    assert now.monitor.rules.grace_ms == 30 * 60_000
    assert now.monitor.tags == ("db", "prod")
    assert removed.headers["Location"] == "/"
    assert (await open_house.get("/m/nightly-backup")).status == 404
    entries, _ = await open_house.runner.read(audit.listed, audit.ListAudit(open_house.project_id, Part(0, 9)))
    assert [entry.action for entry in entries] == ["monitor.delete", "monitor.update", "monitor.create"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("slug", "Not A Slug", "slug must be lowercase"),
        ("slug", "nightly", "already exists"),
        ("schedule", "61 * * * *", "minute"),
        ("timezone", "Europe/Berln", "did you mean"),
        ("grace", "15", "has no unit"),
        ("slow_factor", "many", "must be a number"),
        ("failures_before_alert", "0", "is not between"),
        ("public", "maybe", "must be on, or left out"),
        ("public_name", "n" * 201, "200"),
        ("public_name", "two\nlines", "at most 200 printable"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_typed_is_lost(
    open_house: House, field: str, value: str, said: str
) -> None:
    form = await open_house.get("/monitors/new")
    good = {"csrf": form.token, "slug": "fine", "name": "Typed name", "schedule": "0 3 * * *", "grace": "15m"}
    answer = await open_house.post("/monitors/new", {**good, field: value})

    assert answer.status in (409, 422)
    assert said in html.unescape(answer.text)
    assert f'id="wrong-{field}"' in answer.text
    assert 'value="Typed name"' in answer.text
    assert (await open_house.get("/m/fine")).status == 404


async def test_the_preview_shows_the_next_runs_in_the_monitors_zone(open_house: House) -> None:
    shown = await open_house.get("/monitors/preview?schedule=0+3+*+*+*&timezone=Asia/Kathmandu&grace=15m")
    wrong = await open_house.get("/monitors/preview?schedule=nonsense&timezone=UTC&grace=15m")

    assert shown.text.count(" 03:00 UTC+0545</time>") == 5
    assert shown.text.count(" 03:15 UTC+0545</time>") == 5
    assert "no interval, cron line or OnCalendar" in html.unescape(wrong.text)


async def test_a_monitor_of_the_files_cannot_be_changed_here(open_house: House) -> None:
    await open_house.add(new_monitor("declared", "1d", source="file"))
    page = await open_house.get("/m/declared")
    form = await open_house.get("/monitors/new")

    assert "Managed by" in page.text
    assert "/m/declared/edit" not in page.text
    assert (await open_house.get("/m/declared/edit")).status == 409
    sent = {"csrf": form.token, "schedule": "2d"}
    assert (await open_house.post("/m/declared/edit", sent)).status == 409
    assert (await open_house.post("/m/declared/remove", {"csrf": form.token})).status == 409


async def test_pause_acknowledge_and_silence_do_what_they_say(open_house: House) -> None:
    await open_house.add(new_monitor("job", "1d", rules=new_rules(grace="5m")))
    await ping(open_house, "job", PingKind.FAILED)
    page = await open_house.get("/m/job")
    done = [
        (await open_house.post(f"/m/job/{what}", {"csrf": page.token, "for": "8h"})).status
        for what in ("acknowledge", "silence", "pause")
    ]
    told = await open_house.get("/m/job")
    again = await open_house.post("/m/job/acknowledge", {"csrf": page.token})
    await open_house.post("/m/job/resume", {"csrf": page.token})

    assert done == [303, 303, 303]
    assert "It is paused" in told.text
    assert again.status == 409
    assert "Nothing, while it is paused" in told.text
    assert "Nothing, while it is paused" not in (await open_house.get("/m/job")).text


async def test_a_late_series_of_runs_suggests_a_grace_that_can_be_applied(open_house: House) -> None:
    open_house.clock.at = NOW - NOW % HOUR
    await open_house.add(new_monitor("late", "0 * * * *", rules=new_rules(grace="10m")))
    for _ in range(8):
        open_house.clock.at += HOUR + 9 * 60_000
        await ping(open_house, "late")
        open_house.clock.at -= 9 * 60_000
    page = await open_house.get("/m/late")
    applied = await open_house.post("/m/late/grace", {"csrf": page.token})
    now = await open_house.runner.read(monitors.shown, monitors.MonitorNamed(open_house.project_id, "late"))

    assert "Apply it" in page.text
    assert applied.status == 303
    assert now.monitor.rules.grace_ms == 20 * 60_000


async def test_silence_is_shown_as_missed(open_house: House) -> None:
    await open_house.add(new_monitor("silent", "1h", rules=new_rules(grace="5m")))
    await ping(open_house, "silent")
    open_house.clock.at += 2 * HOUR
    await open_house.runner.run(judge_due, JudgeDue())
    page = await open_house.get("/m/silent")

    assert "Missed" in page.text
    assert rows((await open_house.get("/?state=trouble")).text) == ["missed"]


async def test_a_schedule_that_cannot_be_read_any_more_is_named_on_its_pages(open_house: House) -> None:
    def spoil(tx: Any, command: None, at: int) -> None:
        tx.behind.execute("UPDATE monitors SET timezone = 'Mars/Olympus' WHERE slug = 'nightly'")
        tx.monitors.forget()

    await open_house.runner.run(spoil, None)

    assert "cannot be read" in (await open_house.get("/")).text
    for path in ("/m/nightly", "/m/nightly/edit"):
        assert (await open_house.get(path)).status == 200
    assert "Mars/Olympus" in (await open_house.get("/m/nightly")).text


async def test_each_slot_of_a_bar_is_told_in_words_when_asked(open_house: House) -> None:
    for number, said in enumerate((("success", None), ("failed", "disk \x1b[31mfull"), ("success", None))):
        open_house.clock.at = NOW + number * 86_400_000 + 60_000
        await ping(open_house, "nightly", PingKind(said[0]), message=said[1], duration_ms=4_000)
    told = json.loads((await open_house.get("/m/nightly/tip")).text)

    assert [text.split(" · ")[0] for text in told] == ["Ok", "Failed", "Ok"]
    assert told[1].endswith(" · 4.0 s · disk full")
    assert "UTC" in told[0]
    assert (await open_house.get("/m/nothing/tip")).status == 404


async def test_a_person_reports_in_the_place_of_the_job(open_house: House) -> None:
    page = await open_house.get("/m/nightly")
    assert (await open_house.post("/m/nightly/ping", {"csrf": page.token})).status == 303

    shown = (await open_house.get("/m/nightly")).text
    assert "sent from the dashboard by this machine" in shown
    entries, _ = await open_house.runner.read(audit.listed, audit.ListAudit(open_house.project_id, Part(0, 5)))
    assert [entry.action for entry in entries] == ["monitor.ping"]
    assert (await open_house.post("/m/nothing/ping", {"csrf": page.token})).status == 404


async def test_a_run_that_is_on_says_since_when_and_how_long_it_usually_takes(open_house: House) -> None:
    await ping(open_house, "nightly", duration_ms=20_000)
    open_house.clock.at += 86_400_000
    await ping(open_house, "nightly", PingKind.START)
    open_house.clock.at += 120_000
    page = (await open_house.get("/")).text

    assert "2 min ago</time>" in page
    assert "of about 20 s" in page
