"""Floods on loopback, as a process of their own: `python -m tests.attacks.flood keys|sockets PORT SECONDS AMOUNT`.

`keys` sends AMOUNT requests a second with keys that do not exist; `sockets` keeps AMOUNT connections half open, and
opens those anew that are closed, 2,200 a second. Prints what it did as JSON.
"""

import asyncio
import json
import random
import select
import socket
import sys
import time
from collections import deque

CONNECTIONS = 50
PER_ADDRESS = 60
OPENED_PER_S = 2_200
BEGUN = b"POST /ingest/v1/heartbeat HTTP/1.1\r\nHost: x\r\n"


class Counting(asyncio.Protocol):
    """Counts answers by status."""

    def __init__(self, counts: dict[str, int]) -> None:
        self._counts = counts

    def data_received(self, data: bytes) -> None:
        for part in data.split(b"HTTP/1.1 ")[1:]:
            status = part[:3].decode()
            self._counts[status] = self._counts.get(status, 0) + 1


def _wrong(dice: random.Random) -> bytes:
    """A request with a key that is none: of our form with a wrong checksum, of no form, in a path, as a bearer."""
    key = "".join(dice.choices("0123456789ABCDEFGHIJabcdefghij", k=36))
    kind = dice.randrange(4)
    if kind == 2:
        return f"GET /ping/ssk_{key}/job HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    if kind == 3:
        return f"GET /api/v1/cron-monitors HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    name = ("ssk_" if kind else "") + key
    head = f"POST /ingest/v1/heartbeat HTTP/1.1\r\nHost: x\r\nX-SeeStack-Key: {name}\r\nContent-Length: 2\r\n\r\n{{}}"
    return head.encode()


async def keys(port: int, seconds: float, rate: int) -> dict[str, object]:
    """Send wrong keys at an even pace."""
    loop, counts, dice = asyncio.get_running_loop(), dict[str, int](), random.Random(7)
    links = [(await loop.create_connection(lambda: Counting(counts), "127.0.0.1", port))[0] for _ in range(CONNECTIONS)]
    begun, sent = time.monotonic(), 0
    while (passed := time.monotonic() - begun) < seconds:
        for _ in range(int(passed * rate) - sent):
            links[sent % CONNECTIONS].write(_wrong(dice))
            sent += 1
        await asyncio.sleep(0.005)
    await asyncio.sleep(1)
    for link in links:
        link.abort()
    return {"sent": sent, "answers": counts, "per_second": round(sent / (time.monotonic() - begun - 1))}


async def sockets(port: int, seconds: float, amount: int) -> dict[str, object]:
    """Keep connections half open, from as many addresses as it takes."""
    free, held = deque(range(amount)), dict[int, tuple[int, socket.socket]]()
    opened, most, begun = 0, 0, time.monotonic()
    with select.epoll() as watched:
        while (passed := time.monotonic() - begun) < seconds:
            for _ in range(min(len(free), 100, max(0, int(passed * OPENED_PER_S) - opened))):
                number = free.popleft()
                one = _begin(port, number // PER_ADDRESS)
                watched.register(one.fileno(), select.EPOLLIN)
                held[one.fileno()] = number, one
                opened += 1
            most = max(most, len(held))
            await asyncio.sleep(0.01)
            for file, _ in watched.poll(0):
                number, one = held.pop(file)
                watched.unregister(file)
                one.close()
                free.append(number)
    for _, one in held.values():
        one.close()
    return {"opened": opened, "most_at_once": most}


def _begin(port: int, address: int) -> socket.socket:
    one = socket.socket()
    one.bind((f"127.1.{address // 250}.{1 + address % 250}", 0))
    one.connect(("127.0.0.1", port))
    one.sendall(BEGUN)
    one.setblocking(False)
    return one


if __name__ == "__main__":
    kind, port, seconds, amount = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    print(json.dumps(asyncio.run((keys if kind == "keys" else sockets)(port, seconds, amount))))
