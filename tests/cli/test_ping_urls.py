"""`monitor show` prints addresses that need nothing but to be pasted into a crontab line."""

import json
import subprocess

from tests.cli.conftest import Bench, Place
from tests.journeys.daemon import free_port


def urls(place: Place, slug: str) -> list[str]:
    shown = place("monitor", "show", slug)
    found: list[str] = json.loads(place("monitor", "show", slug, "--json").stdout)["ping_urls"]
    printed = [line.split()[-1] for line in shown.stdout.splitlines() if line.startswith("Ping URL")]
    assert printed == found
    return found


def test_the_newest_live_ping_key_is_in_the_url(bench: Bench) -> None:
    bench.configure('[server]\npublic_url = "https://seestack.example.org/jobs/"\n')
    bench.run("monitor", "add", "job", "--schedule", "1d")
    (by_id,) = urls(bench.run, "job")
    assert by_id.startswith("https://seestack.example.org/jobs/ping/")

    keys = {name: bench.run("key", "create", name, "--scope", "ping").stdout.strip() for name in ("old", "new")}
    bench.run("key", "create", "newest of all", "--scope", "ingest")
    assert urls(bench.run, "job") == [f"https://seestack.example.org/jobs/ping/{keys['new']}/job", by_id]

    bench.run("key", "revoke", "new", "--yes")
    assert urls(bench.run, "job") == [f"https://seestack.example.org/jobs/ping/{keys['old']}/job", by_id]


def test_without_a_public_address_it_is_where_the_daemon_listens(bench: Bench) -> None:
    bench.configure('[server]\nlisten = "0.0.0.0:9000"\n')
    bench.run("monitor", "add", "job", "--schedule", "1d")

    assert urls(bench.run, "job")[0].startswith("http://127.0.0.1:9000/ping/")


def test_curl_reports_by_what_is_printed(bench: Bench) -> None:
    bench.configure(f'[server]\nlisten = "127.0.0.1:{free_port()}"\n')
    daemon = bench.adopt(bench.begin("serve"))
    bench.run("monitor", "add", "job", "--schedule", "1d")

    printed = urls(bench.run, "job")
    for url in printed:
        line = ["curl", "-fsS", "-m", "10", "--retry", "5", "-o", "/dev/null", url]
        done = subprocess.run(line, capture_output=True, timeout=30, check=False)
        assert (done.returncode, done.stderr) == (0, b"")

    assert len(printed) == 2
    assert json.loads(bench.run("monitor", "show", "job", "--json").stdout)["good_in_a_row"] == 2
    daemon.stop()
