"""The published client as the sender: its scrubber masks the session's id, so the fingerprint finds a session."""

import asyncio
import sys

from tests.web.api import console
from tests.web.conftest import Daemon

SCRIPT = """
import sys, allstak
allstak.init(api_key=sys.argv[1], host=sys.argv[2])
with allstak.replay.start_session("s_1", "fp-client") as session:
    for number in range(3):
        session.record("click", {"selector": "#buy", "password": "hunter2-canary", "n": number}, url="https://shop.example/")
allstak.flush()
"""


async def test_what_the_published_client_sends_can_be_replayed(daemon: Daemon) -> None:
    home = await console(daemon)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRIPT, home.key, f"http://127.0.0.1:{daemon.port}", stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        _, said = await process.communicate()

    assert process.returncode == 0, said
    found = await home.get("/replay/fp-client")
    assert (found["sessionId"], found["totalEvents"]) == ("[REDACTED]", 3)
    assert "hunter2" not in str(found)
    assert (await home.get("/sessions"))["items"][0]["clicks"] == 3
