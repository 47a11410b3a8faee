"""A channel that cannot be reached: nothing is lost, and the first success comes within a minute of its return."""

import ctypes
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.faults.conftest import Figure
from tests.faults.disks import needs_root
from tests.faults.traffic import Place, Supervised, placed, send_failed
from tests.journeys.daemon import Webhook, free_port, wait_for

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]
RULES = {
    "drop": "tcp dport {port} drop",
    "reset": "tcp dport {port} reject with tcp reset",
    "loss": "tcp dport {port} numgen random mod 100 < 30 drop",
}
BROKEN_S = 8


def listening_in(pid: int, port: int) -> Webhook:
    """Make a receiver in the network of a process: a socket belongs to the network it was made in."""
    made: list[Webhook] = []

    def make() -> None:
        with open(f"/proc/{pid}/ns/net", "rb") as network:
            if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), 0) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        made.append(Webhook(port))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join(10)
    return made[0]


def nft(pid: int, *command: str) -> None:
    subprocess.run(["nsenter", "-t", str(pid), "-n", "nft", *command], check=True, capture_output=True, timeout=10)


def fail(place: Place) -> None:
    assert wait_for(lambda: send_failed(place) == 202, 20, "the failure to be taken")


@pytest.mark.parametrize("how", sorted(RULES))
def test_what_could_not_be_sent_is_sent_when_the_channel_is_back(tmp_path: Path, how: str, figure: Figure) -> None:
    needs_root("nft", "nsenter", "unshare", "ip")
    port = free_port()
    settings = f'default_channels = ["hook"]\n[channels.hook]\nurl = "json://127.0.0.1:{port}/"\n'
    network = ("unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh")
    with placed(tmp_path, settings=settings) as place, Supervised(place, always=network) as supervised:
        wait_for(lambda: place.report("first")[0] == 202, 20, "the first ping")
        assert supervised.process is not None
        pid = supervised.process.pid
        assert os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net")
        with listening_in(pid, port) as hook:
            nft(pid, "add table inet fault; add chain inet fault in { type filter hook input priority 0; }")
            nft(pid, f"add rule inet fault in {RULES[how].format(port=port)}")
            fail(place)
            time.sleep(BROKEN_S)
            assert how == "loss" or hook.titles() == []
            nft(pid, "delete table inet fault")
            back = time.monotonic()
            wait_for(lambda: any("FAILED" in title for title in hook.titles()), 75, "the alert")
            took = time.monotonic() - back
            assert len([title for title in hook.titles() if "FAILED" in title]) == 1
    figure(f"channel outage, {how}", f"told {took:.1f} s after its end")
    assert took <= 60
