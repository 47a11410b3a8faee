"""`--json` of commands that change something: one object for scripts, with its version, and nothing else."""

import json
from typing import Any

from tests.cli.conftest import Bench


def asked(bench: Bench, *arguments: str) -> dict[str, Any]:
    done = bench.run(*arguments, "--json")
    assert (done.returncode, done.stderr) == (0, ""), done
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer.pop("version") == 1
    return answer


def test_a_key_is_made_for_a_script_with_its_secret(bench: Bench) -> None:
    key = asked(bench, "key", "create", "ansible", "--scope", "ping")

    assert (key["name"], key["scope"]) == ("ansible", "ping")
    assert key["secret"].startswith(key["prefix"])
    assert "secret" not in json.loads(bench.run("key", "ls", "--json").stdout)["keys"][0]


def test_a_monitor_is_paused_and_resumed_by_a_script(bench: Bench) -> None:
    bench.run("monitor", "add", "nightly", "--schedule", "1d")

    paused = asked(bench, "monitor", "pause", "nightly", "--for", "8h")
    resumed = asked(bench, "monitor", "resume", "nightly")

    assert (paused["slug"], paused["status"]) == ("nightly", "paused")
    assert paused["paused_until"].endswith("Z")
    assert (resumed["status"] == "paused", resumed["paused_until"]) == (False, None)
