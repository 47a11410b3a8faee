"""The published client in a process of its own, as programs use it."""

import asyncio
import sys

_FRAME = """
import sys, allstak
allstak.init(api_key=sys.argv[1], host=sys.argv[2])
{}
allstak.flush()
"""


async def send(script: str, key: str, url: str) -> None:
    """Run lines that have `allstak` set up with a key and the daemon's URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _FRAME.replace("{}", script), key, url, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        _, said = await process.communicate()
    assert process.returncode == 0, said
