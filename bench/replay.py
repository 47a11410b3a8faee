"""`python -m bench.replay`: what replays cost on disk, and how fast they are taken."""

import json
import random
import sys
import tempfile
from pathlib import Path

from bench.fleet import Fleet, build, daemon
from bench.masking import MB, session
from bench.senders import Client, request, sending, write_bodies

SECONDS = 5.0
PATH = "/ingest/v1/replay"


def bodies(count: int = 24) -> list[bytes]:
    """Return batches of about 500 kB each."""
    texts, dice, made = session(4 * MB), random.Random(9), []
    for number in range(count):
        events, size = [], 0
        while size < MB // 2:
            text = dice.choice(texts)
            events.append({"eventType": "mutation", "eventData": text, "url": "https://shop.example/cart",
                           "timestampMillis": 1_775_000_000_000 + len(events) * 40})  # fmt: skip
            size += len(text)
        document = {"fingerprint": f"fp-{number}", "sessionId": "[REDACTED]", "events": events}
        made.append(json.dumps(document).encode())
    return made


def _size(fleet: Fleet) -> int:
    return sum(path.stat().st_size for path in (fleet.folder / "data").glob("seestackd.db*"))


def _store(fleet: Fleet, url: str, made: list[bytes]) -> None:
    client = Client(url)
    for body in made:
        if client.ask(request(PATH, fleet.key, body)) != 202:
            raise RuntimeError("a batch was not taken")
    client.close()


def measure() -> int:
    """Print the figures; returns 1 when a batch was not taken."""
    made = bodies()
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as folder:
        fleet = build(Path(folder) / "fleet", 10)
        before = _size(fleet)
        with daemon(fleet) as (url, _):
            _store(fleet, url, made)
        kept = (_size(fleet) - before) / sum(map(len, made))
        print(f"stored           {kept:.3f} bytes per byte received (goal 0.27, limit 0.35)")
        with daemon(fleet) as (url, _):
            _store(fleet, url, made)
            with sending(url, fleet.key, PATH, write_bodies(Path(folder) / "bodies", made), 0, SECONDS) as found:
                pass
    taken, refused, size, seconds = found
    print(
        f"replays taken    {size / seconds / MB:.0f} MB/s, {taken / seconds:.0f} batches/s (goal 200 MB/s, floor 100)"
    )
    return int(refused > 0)


if __name__ == "__main__":
    sys.exit(measure())
