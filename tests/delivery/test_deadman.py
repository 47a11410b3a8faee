"""The outside URL is asked for while all is well, and not otherwise."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import web

from seestackd.delivery.deadman import EVERY_S, Deadman
from tests.delivery.receivers import Webhook, self_signed, webhook
from tests.ports import free_port


class Check:
    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.asked = 0

    async def troubles(self) -> Mapping[str, str]:
        self.asked += 1
        return self.found


@asynccontextmanager
async def watching(port: int, check: Check, every_s: float = 0.02, scheme: str = "http") -> AsyncIterator[None]:
    url = f"{scheme}://127.0.0.1:{port}/ping/VERY-SECRET"
    task = asyncio.create_task(Deadman(url, check.troubles, every_s, again_s=0.02).run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def pinged(hook: Webhook, times: int) -> None:
    async with asyncio.timeout(5):
        while len(hook.seen) < times:
            await asyncio.sleep(0.01)


async def asked(check: Check, times: int) -> None:
    async with asyncio.timeout(5):
        while check.asked < times:
            await asyncio.sleep(0.01)


async def test_the_outside_is_asked_for_again_and_again_while_all_is_well() -> None:
    async with webhook() as outside, watching(outside.port, Check()):
        await pinged(outside, 3)

    method, path, headers = outside.seen[0]
    assert (method, path, headers["User-Agent"]) == ("GET", "/ping/VERY-SECRET", "seestackd")


async def test_once_a_minute_is_enough() -> None:
    assert EVERY_S == 60
    async with webhook() as outside, watching(outside.port, Check(), every_s=EVERY_S):
        await pinged(outside, 1)
        await asyncio.sleep(0.2)

    assert len(outside.seen) == 1


async def test_it_falls_silent_with_a_trouble_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    check = Check()
    async with webhook() as outside, watching(outside.port, check):
        await pinged(outside, 1)
        check.found = {"disk": "3 MiB are free, 0.1%"}
        await asked(check, check.asked + 2)
        before = len(outside.seen)
        await asked(check, check.asked + 3)
        assert len(outside.seen) == before
        check.found = {}
        caplog.set_level("INFO")
        await pinged(outside, before + 2)

    assert [record.getMessage() for record in caplog.records if record.name.endswith("deadman")] == [
        "the outside is not pinged: disk: 3 MiB are free, 0.1%",
        "the outside URL is pinged again",
    ]


async def test_an_outside_that_fails_is_asked_again_and_its_url_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    async with webhook(500, 404, 200) as outside, watching(outside.port, Check()):
        await pinged(outside, 4)
    nobody = Check()
    async with watching(free_port(), nobody):
        await asked(nobody, 3)

    assert "the outside URL answers 500" in caplog.text
    assert "was not reached: ClientConnectorError" in caplog.text
    assert "VERY-SECRET" not in caplog.text


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing: apt-get install openssl")
async def test_an_outside_that_speaks_tls_is_trusted_as_far_as_the_machine_trusts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """By a context of its own: the daemon leaves aiohttp's without any certificate."""
    tls = self_signed(tmp_path)
    async with webhook() as outside:
        safe = web.TCPSite(outside.runner, "127.0.0.1", 0, ssl_context=tls)
        await safe.start()
        port = outside.runner.addresses[1][1]
        doubtful = Check()
        async with watching(port, doubtful, scheme="https"):
            await asked(doubtful, 2)
        assert outside.seen == []
        assert "was not reached: ClientConnectorCertificateError" in caplog.text
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        async with watching(port, Check(), scheme="https"):
            await pinged(outside, 1)
