"""Alerts from the command line: a real daemon, a real webhook."""

import asyncio
import json
import urllib.request

from tests.cli.conftest import Bench, Place, Result
from tests.delivery.receivers import webhook
from tests.rows import rows


async def run(bench: Bench, *arguments: str) -> Result:
    return await asyncio.to_thread(bench.run, *arguments)


async def test_a_test_message_arrives_and_its_sender_is_told(bench: Bench) -> None:
    async with webhook(200) as hook:
        bench.configure(f'[channels.ops]\nurl = "{hook.url()}"\n')
        await asyncio.to_thread(bench.serve)

        result = await run(bench, "alert", "test", "ops")
        listed = await run(bench, "alert", "ls")

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("delivered to ops in ")
    assert len(hook.received) == 1
    assert listed.stdout.splitlines()[0].split() == [
        "ID",
        "RAISED",
        "KIND",
        "ABOUT",
        "CHANNEL",
        "STATE",
        "TRIES",
        "RESULT",
    ]
    assert listed.stdout.splitlines()[1].split()[-6:] == ["test", "-", "ops", "delivered", "1", "delivered"]


async def test_a_refusal_is_reported_without_its_secret_and_what_was_given_up_can_be_sent_again(bench: Bench) -> None:
    async with webhook(404, 500, 200) as hook:
        bench.configure(f'[channels.ops]\nurl = "{hook.url("/SECRET-PATH")}"\n')
        await asyncio.to_thread(bench.serve)

        first = await run(bench, "alert", "test", "ops")
        second = await run(bench, "alert", "test", "ops")
        again = await run(bench, "alert", "resend", "1")
        while len(hook.received) < 3:
            await asyncio.sleep(0.02)
        scripted = json.loads((await run(bench, "alert", "resend", "2", "--json")).stdout)
        acked = await run(bench, "alert", "ack", "2")
        refused = await run(bench, "alert", "ack", "99")
        alerts = json.loads((await run(bench, "alert", "ls", "--json")).stdout)["alerts"]

    assert (first.returncode, second.returncode) == (1, 1)
    assert first.stderr.startswith(
        "seestackd: ops did not take the message: HTTP 404: there is nothing at this address"
    )
    assert "500" in second.stderr
    assert "SECRET-PATH" not in first.stderr + second.stderr
    assert again.stdout == "queued again as alert 3 to ops; see: seestackd alert ls\n"
    assert (scripted["version"], scripted["id"], scripted["channel"]) == (1, 4, "ops")
    assert acked.stdout == "alert 2 is acknowledged\n"
    assert refused.returncode == 1
    assert "no alert with the number 99" in refused.stderr
    by_id = {alert["id"]: alert for alert in alerts}
    assert by_id[2]["acknowledged_at"] is not None
    assert by_id[3]["alert_id"] == by_id[1]["alert_id"]


async def test_a_job_that_fails_is_in_trouble_and_its_alert_is_listed(bench: Bench) -> None:
    async with webhook(200) as hook:
        bench.configure(f'default_channels = ["ops"]\n[channels.ops]\nurl = "{hook.url()}"\n')
        daemon = await asyncio.to_thread(bench.serve)
        key = (await run(bench, "key", "create", "cron")).stdout.strip()
        await run(bench, "monitor", "add", "etl", "--schedule", "1d")
        await run(bench, "monitor", "add", "calm", "--schedule", "1d")
        body = json.dumps({"slug": "etl", "status": "failed", "durationMs": 62_000}).encode()
        headers = {"X-SeeStack-Key": key, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{daemon.url}/ingest/v1/heartbeat", body, headers)
        (await asyncio.to_thread(urllib.request.urlopen, request)).close()
        while not hook.received:
            await asyncio.sleep(0.02)

        troubled = await run(bench, "monitor", "ls", "--state", "trouble", "--fail", "-q")
        calm = await run(bench, "monitor", "ls", "--state", "paused", "--fail")
        first, second = json.loads((await run(bench, "monitor", "ls", "--json")).stdout)["monitors"]
        (alert,) = json.loads((await run(bench, "alert", "ls", "--json")).stdout)["alerts"]

    assert (troubled.returncode, troubled.stdout) == (5, "etl\n")
    assert (calm.returncode, calm.stdout) == (0, "")
    assert (first["slug"], first["status"], first["last_duration_ms"]) == ("etl", "failed", 62_000)
    assert second["slug"] == "calm"
    assert (alert["about"], alert["kind"], alert["channel"]) == ("etl", "failed", "ops")


def test_only_known_channels_can_be_tested_and_only_a_daemon_sends(bench: Bench) -> None:
    nobody = bench.run("alert", "test", "ops")
    bench.serve()
    unknown = bench.run("alert", "test", "ops")

    assert nobody.returncode == 4
    assert "start it with: seestackd serve" in nobody.stderr
    assert unknown.returncode == 1
    assert "no channel ops is defined; add [channels.ops]" in unknown.stderr


def test_every_kind_can_be_previewed_in_every_form(bench: Bench) -> None:
    text = bench.run("alert", "preview", "dead-letter")
    markdown = bench.run("alert", "preview", "FAILED", "--format", "markdown")
    html = bench.run("alert", "preview", "digest", "--format", "html")
    unknown = bench.run("alert", "preview", "doom")

    assert text.stdout.startswith("Subject: UNDELIVERED to slack-ops: MISSED nightly-backup\n\n")
    assert markdown.stdout.startswith("**FAILED** `etl-orders`: exit 1")
    assert html.stdout.startswith("<div ")
    assert unknown.returncode == 2
    assert "there is no kind doom; there are blind, changed, dead-letter" in unknown.stderr


@rows("verb", ["ack", "resend"])
@rows("number", ["0", str(2**63)])
def test_a_number_that_no_list_shows_is_refused(place: Place, verb: str, number: str) -> None:
    result = place("alert", verb, number)

    assert (result.returncode, result.stdout) == (2, "")
    assert "ID: must be a number from: seestackd alert ls" in result.stderr
