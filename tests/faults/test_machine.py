"""The shipped units under a real systemd: hardened, restarted under traffic, replaced when they hang."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import Figure
from tests.faults.disks import needs_root
from tests.faults.machine import PYTHON, Machine, booted
from tests.faults.scale import times
from tests.journeys.daemon import wait_for
from tests.source import ROOT

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]
RESTARTS = times(2, 100, 100)

# Run by the machine's own Python: 100 pings a second over connections of their own, until a line comes in.
CLIENT = """
import http.client, sys, threading, time
key, over, results = sys.argv[1], threading.Event(), []
def one():
    begun = time.monotonic()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", 8080, timeout=20)
        connection.request("GET", f"/ping/{key}/job")
        status = connection.getresponse().status
    except Exception as error:
        status = type(error).__name__
    results.append((status, time.monotonic() - begun))
def clock():
    while not over.wait(0.01):
        threading.Thread(target=one).start()
thread = threading.Thread(target=clock); thread.start()
sys.stdin.readline(); over.set(); thread.join()
while threading.active_count() > 1: time.sleep(0.05)
failed = [status for status, _ in results if status != 200]
print(len(results), len(failed), max(seconds for _, seconds in results), failed[:5])
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    needs_root("systemd-nspawn")
    if not Path(PYTHON).exists():
        pytest.skip(f"{PYTHON} is missing: the service cannot see an interpreter below /root")
    folder = tmp_path_factory.mktemp("machine")
    deployed = Path(os.environ.get("DEPLOYED") or folder / "deployed")
    if not deployed.exists():
        make = ["make", "deploy", f"TO={deployed}", f"PYTHON={PYTHON}"]
        subprocess.run(make, cwd=ROOT, check=True, capture_output=True, timeout=300)
    for script in (deployed / "bin").glob("seestackd*"):
        # It was made elsewhere than where the machine finds it.
        script.write_text(re.sub(r"^#!.*", "#!/opt/seestackd/bin/python3", script.read_text(), count=1))
    with booted(folder, deployed) as machine:
        machine.run("systemctl", "start", "seestackd.socket", "seestackd.service")
        yield machine
    if deployed.parent == folder:
        shutil.rmtree(deployed)


@pytest.fixture(scope="module")
def key(machine: Machine) -> str:
    made = machine.run("/opt/seestackd/bin/seestackd", "key", "create", "crontab", "--scope", "ping").stdout
    found = re.search(r"ssk_\w+", made)
    assert found, made
    return found[0]


def ping(machine: Machine, key: str) -> str:
    url = f"http://127.0.0.1:8080/ping/{key}/job"
    return machine.run("curl", "-s", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}", url, check=False).stdout


def test_the_service_runs_as_a_user_of_its_own_with_its_credential(machine: Machine, key: str) -> None:
    assert ping(machine, key) == "200"
    status = machine.run("cat", f"/proc/{machine.main_pid()}/status").stdout
    uid = int(re.findall(r"^Uid:\s+(\d+)", status, re.MULTILINE)[0])
    assert 61_184 <= uid <= 65_519, "a dynamic user"
    assert "NoNewPrivs:\t1" in status
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE)
    told = machine.run("ls", "-l", "/run/credentials/seestackd.service/ops").stdout
    assert told.startswith("-r--------"), told
    mode = machine.run("stat", "-L", "-c", "%a", "/var/lib/private/seestackd", "/var/lib/seestackd/seestackd.db").stdout
    assert mode.split() == ["700", "600"]


def test_the_process_that_reads_large_batches_steps_back_for_the_daemon(machine: Machine) -> None:
    made = machine.run("/opt/seestackd/bin/seestackd", "key", "create", "sdk").stdout
    secret = re.search(r"ssk_\w+", made)
    assert secret, made
    event = '{"eventType":"click","eventData":"' + "x" * 900 + '"}'
    batch = f'{{"fingerprint":"f","sessionId":"s","events":[{",".join([event] * 90)}]}}'
    (machine.root / "var/tmp/batch.json").write_text(batch)
    sent = machine.run(
        "curl", "-s", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"X-SeeStack-Key: {secret[0]}",
        "-H", "Content-Type: application/json", "--data-binary", "@/var/tmp/batch.json",
        "http://127.0.0.1:8080/ingest/v1/replay",
    ).stdout  # fmt: skip
    assert sent == "202"
    (worker,) = machine.run("pgrep", "-P", str(machine.main_pid())).stdout.split()
    stepped_back = machine.run("cat", f"/proc/{worker}/autogroup").stdout
    assert stepped_back.endswith("nice 19\n"), stepped_back + machine.run("cat", f"/proc/{worker}/stat").stdout


def test_a_process_that_hangs_is_replaced_and_the_waiting_ping_answered(
    machine: Machine, key: str, figure: Figure
) -> None:
    old = machine.main_pid()
    machine.run("kill", f"-{signal.SIGSTOP.value}", str(old))
    begun = time.monotonic()
    wait_for(lambda: machine.main_pid() not in (0, old), 30, "a new process")
    wait_for(lambda: ping(machine, key) == "200", 30, "a ping to be answered")
    replaced_s = time.monotonic() - begun
    figure("stopped process", f"another serves {replaced_s:.1f} s later")
    assert replaced_s <= 15, "10 s on a machine with nothing else to do"


def test_restarts_under_a_hundred_pings_a_second_refuse_none(machine: Machine, key: str, figure: Figure) -> None:
    entered = ["nsenter", "-t", str(machine.leader), "-m", "-u", "-i", "-n", "-p", "-C", PYTHON, "-c", CLIENT, key]
    client = subprocess.Popen(entered, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sys.stderr, text=True)
    try:
        for _ in range(RESTARTS):
            time.sleep(0.2)
            machine.run("systemctl", "restart", "seestackd.service")
        said, _ = client.communicate("\n", timeout=60)
    finally:
        client.kill()
    sent, failed, slowest, how = said.split(maxsplit=3)
    figure(f"{RESTARTS} restarts, 100 pings/s", f"{failed} of {sent} failed, longest stall {float(slowest):.2f} s")
    assert int(failed) == 0, how
