"""`monitor ls --json` is written row by row without the objects that `monitor show` is made of: both say the same."""

import json
from typing import Any

from tests.cli.conftest import Bench

RULES = ("--max-runtime", "2h", "--overlap", "--slow-factor", "2.5", "--remind-every", "4h", "--public")


def said(bench: Bench, *words: str) -> dict[str, Any]:
    done = bench.run(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_list_says_of_each_monitor_what_showing_it_does(bench: Bench) -> None:
    bench.configure(
        "default_channels = ['ops']\n[channels.ops]\nurl = 'json://127.0.0.1:1/'\n"
        "[channels.dba]\nurl = 'json://127.0.0.1:1/'\nfor_tags = ['db']\n"
    )
    for slug, *more in (
        ("plain",), ("tagged", "--tag", "db"), ("odd", "--name", 'a "quoted" \\ é', *RULES),
        ("silent", "--no-channels", "--no-watch-from-creation"), ("paused", "--tag", "db", "--tag", "x"),
    ):  # fmt: skip
        bench.run("monitor", "add", slug, "--schedule", "1h", *more)
    bench.run("monitor", "pause", "paused", "--for", "8h")

    listed = said(bench, "monitor", "ls")

    assert (listed["version"], [each["slug"] for each in listed["monitors"]]) == (
        1, ["odd", "plain", "silent", "tagged", "paused"],
    )  # fmt: skip
    for each in listed["monitors"]:
        shown = said(bench, "monitor", "show", each["slug"])
        for own in ("version", "at", "ping_urls", "badge_url"):
            shown.pop(own)
        assert each == shown
    assert {each["slug"]: each["channels"] for each in listed["monitors"]} == {
        "odd": ["ops"], "plain": ["ops"], "silent": [], "tagged": ["dba"], "paused": ["dba"],
    }  # fmt: skip


def test_a_list_of_nothing_is_an_object_too(bench: Bench) -> None:
    assert said(bench, "monitor", "ls")["monitors"] == []
