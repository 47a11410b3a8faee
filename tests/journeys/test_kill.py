"""What was acknowledged is there after the process was killed."""

import signal
import sqlite3
import threading
from pathlib import Path

from tests.journeys.daemon import Daemon

KILLS = 3


def test_every_acknowledged_heartbeat_survives_sigkill(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path).start()
    key = daemon.cli("key", "create", "cron").strip()
    daemon.cli("monitor", "add", "job", "--schedule", "1h")
    acknowledged: list[str] = []
    for turn in range(KILLS):
        _send_until_killed(daemon, key, turn, acknowledged)
        daemon.start()
    assert daemon.heartbeat(key, "job", message="last") == 202
    assert daemon.end() == 0
    assert len(acknowledged) > 20 * KILLS
    assert set(acknowledged) <= _stored(tmp_path)


def _send_until_killed(daemon: Daemon, key: str, turn: int, acknowledged: list[str]) -> None:
    enough = threading.Event()

    def client(number: int) -> None:
        for count in range(100_000):
            mark = f"{turn}-{number}-{count}"
            try:
                status = daemon.heartbeat(key, "job", message=mark)
            except OSError:
                return
            if status == 202:
                acknowledged.append(mark)
            if count == 20:
                enough.set()

    clients = [threading.Thread(target=client, args=(number,)) for number in range(4)]
    for thread in clients:
        thread.start()
    assert enough.wait(30)
    daemon.end(signal.SIGKILL)
    for thread in clients:
        thread.join(30)


def _stored(folder: Path) -> set[str]:
    database = sqlite3.connect(f"file:{folder / 'data' / 'seestackd.db'}?mode=ro", uri=True)
    try:
        return {row[0] for row in database.execute("SELECT message FROM pings")}
    finally:
        database.close()
