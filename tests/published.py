"""The published client in a process of its own, as programs use it."""

import asyncio
import sys

_FRAME = """
import sys, allstak
allstak.init(api_key=sys.argv[1], host=sys.argv[2])
{}
allstak.flush()
"""


def program(script: str, key: str, url: str) -> list[str]:
    """Return the command that runs lines which have `allstak` set up with a key and the daemon's URL."""
    return [sys.executable, "-c", _FRAME.replace("{}", script), key, url]


async def send(script: str, key: str, url: str) -> None:
    """Run such lines beside the event loop of the test."""
    process = await asyncio.create_subprocess_exec(*program(script, key, url), stderr=asyncio.subprocess.PIPE)
    async with asyncio.timeout(30):
        _, said = await process.communicate()
    assert process.returncode == 0, said
