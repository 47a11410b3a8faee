"""`python -m bench.senders`: sends batches at a steady rate from a process of its own, which steps back for others.

What it costs is little more than the copies of the bytes, so what is measured beside it is the daemon.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from bench.fleet import ROOT

CONNECTIONS = 8


def request(path: str, key: str, body: bytes) -> bytes:
    """Return a POST as its bytes."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nX-SeeStack-Key: {key}\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Client:
    """One connection that asks and waits."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname or "", parts.port or 80), 60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, asked: bytes) -> int:
        """Send a request and return the status of its answer."""
        self._socket.sendall(asked)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._received()
        head, _, body = answer.partition(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        while len(body) < size:
            body += self._received()
        return int(head[9:12])

    def close(self) -> None:
        self._socket.close()

    def _received(self) -> bytes:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the daemon hung up")
        return data


@contextmanager
def sending(url: str, key: str, path: str, bodies: Path, per_s: float, seconds: float) -> Iterator[list[float]]:
    """Send batches beside the block, at a rate or (0) as fast as can be.

    Fills the list it gives, at the end, with: answers of 202, other answers, bytes taken, seconds.
    """
    command = [sys.executable, "-m", "bench.senders", url, key, path, str(bodies), str(per_s), str(seconds)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    found: list[float] = []
    try:
        yield found
        found += map(float, process.communicate(timeout=seconds + 60)[0].split())
    finally:
        process.kill()
        process.wait()


def write_bodies(file: Path, bodies: Sequence[bytes]) -> Path:
    """Write bodies one a line and return the file."""
    file.write_bytes(b"\n".join(bodies))
    return file


def main(url: str, key: str, path: str, bodies: str, per_s: str, seconds: str) -> None:
    # What is measured beside it must not wait for it.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    requests = [request(path, key, body) for body in Path(bodies).read_bytes().split(b"\n")]
    numbers, rate, lock = count(), float(per_s), threading.Lock()
    taken, refused, size = 0, 0, 0
    began = time.perf_counter()
    until = began + float(seconds)

    def send() -> None:
        nonlocal taken, refused, size
        client = Client(url)
        while True:
            with lock:
                number = next(numbers)
            due = began + number / rate if rate else time.perf_counter()
            if due >= until or time.perf_counter() >= until:
                break
            time.sleep(max(0.0, due - time.perf_counter()))
            asked = requests[number % len(requests)]
            status = client.ask(asked)
            with lock:
                taken += status == 202
                refused += status != 202
                size += len(asked) if status == 202 else 0
        client.close()

    threads = [threading.Thread(target=send) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(taken, refused, size, time.perf_counter() - began)


if __name__ == "__main__":
    main(*sys.argv[1:])
