"""The URL of a channel is a secret: whatever goes wrong with the channel, it is shown and kept nowhere."""

import asyncio
import json
import urllib.error
import urllib.request

from tests.cli.conftest import Bench, Result
from tests.delivery.receivers import free_port, mail_server, webhook

CANARY = "CaNaRy5ecret"


def get(url: str, key: str = "") -> str:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})) as answer:
            return str(answer.read())
    except urllib.error.HTTPError as refused:
        return str(refused.read())


def report_failure(url: str, key: str) -> None:
    body = json.dumps({"slug": "backup", "status": "failed", "durationMs": 1}).encode()
    headers = {"X-SeeStack-Key": key, "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"{url}/ingest/v1/heartbeat", body, headers)).close()


async def run(bench: Bench, *arguments: str) -> Result:
    return await asyncio.to_thread(bench.execute, *arguments)


async def test_no_failure_of_a_channel_tells_its_url(bench: Bench) -> None:
    async with (
        webhook(404) as gone,
        webhook(500) as broken,
        webhook(302) as moved,
        mail_server() as tls_less,
        mail_server(login=lambda _user, _password: False) as locked,
    ):
        urls = {
            "gone": gone.url(f"/hooks/{CANARY}"),
            "broken": broken.url(f"/hook?+Authorization=Bearer%20{CANARY}&-token={CANARY}"),
            "moved": moved.url(f"/{CANARY}?:token={CANARY}"),
            "refused": f"json://{CANARY}:{CANARY}@127.0.0.1:{free_port()}/{CANARY}",
            "plain": f"jsons://127.0.0.1:{broken.port}/{CANARY}",
            "mail": locked.url(login=f"ops:{CANARY}@", rest="&mode=insecure"),
            "starttls": tls_less.url(login=f"ops:{CANARY}@", rest="&mode=starttls"),
            "topic": f"ntfy://{CANARY}@127.0.0.1:{free_port()}/{CANARY}",
            "unknown": f"nonsense://{CANARY}/{CANARY}",
        }
        tables = "".join(f'[channels.{name}]\nurl = "{url}"\n' for name, url in urls.items())
        settings = bench.configure(f"default_channels = {list(urls)}\n{tables}")
        daemon = await asyncio.to_thread(bench.serve)
        key = (await run(bench, "key", "create", "all", "--scope", "admin")).stdout.strip()
        await run(bench, "monitor", "add", "backup", "--schedule", "1d")
        await asyncio.to_thread(report_failure, daemon.url, key)
        said = await failures(bench, list(urls))
        for path in ("/api/v1/notification-log", "/api/v1/incidents", "/readyz"):
            said.append(await asyncio.to_thread(get, daemon.url + path, key))
        said.append(daemon.printed + (await asyncio.to_thread(daemon.stop))[1])
    assert [text for text in said if CANARY in text] == []
    assert any(b"HTTP 404" in file.read_bytes() for file in bench.data.rglob("*.db*"))
    assert [
        file.name for file in bench.data.rglob("*") if file.is_file() and CANARY.encode() in file.read_bytes()
    ] == []
    assert CANARY in settings.read_text()


async def failures(bench: Bench, names: list[str]) -> list[str]:
    """Have every channel fail a test and the alert of a job; returns all that was said about it."""
    said = []
    tested = await asyncio.gather(*(asyncio.to_thread(bench.execute, "alert", "test", name) for name in names))
    for name, result in zip(names, tested, strict=True):
        assert result.returncode == 1, f"{name}: {result.stdout}"
        assert "did not take the message" in result.stderr
        said.append(result.stdout + result.stderr)
    async with asyncio.timeout(20):
        while not all_tried(listed := await run(bench, "alert", "ls", "--json"), names):
            await asyncio.sleep(0.1)
    for command in (["alert", "ls"], ["explain", "backup"], ["incident", "ls"], ["check-config"]):
        result = await run(bench, *command)
        said.append(result.stdout + result.stderr)
    return [*said, listed.stdout]


def all_tried(listed: Result, names: list[str]) -> bool:
    alerts = [alert for alert in json.loads(listed.stdout)["alerts"] if alert["kind"] == "failed"]
    return {alert["channel"] for alert in alerts if alert["attempts_made"]} >= set(names)
