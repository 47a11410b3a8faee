"""What the bench says of its figures: which limit a figure meets, what differs from an earlier run, and the page."""

import json

import pytest

from bench import performance, repeated, results
from tests.rows import rows
from tests.source import ROOT


def test_the_page_and_its_chart_show_what_is_kept_beside_them() -> None:
    kept = results.load(ROOT / "docs" / "performance.json")

    assert (ROOT / "docs" / "performance.md").read_text() == performance.page(kept)
    assert (ROOT / "docs" / "images" / "performance.svg").read_text() == performance.chart(kept["pings"]["rows"])


@rows(
    ("name", "value", "verdict"),
    [
        ("share", 0.9, "goal reached"),
        ("share", 0.5, "floor reached"),
        ("share", 0.499, "FLOOR MISSED"),
        ("p99", 10.0, "goal reached"),
        ("p99", 25.0, "floor reached"),
        ("p99", 25.1, "FLOOR MISSED"),
        ("storm_p99", 51.0, "goal missed"),
        ("twice_lost", 0.0, "reached"),
        ("twice_lost", 1.0, "FLOOR MISSED"),
    ],
)
def test_a_figure_is_held_against_its_floor_and_its_goal(name: str, value: float, verdict: str) -> None:
    assert results.PROMISES[name].verdict(value) == verdict


def test_a_second_run_names_what_is_further_than_a_tenth_from_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    def run(rate: float, p99_ms: float) -> dict[str, object]:
        row = {"name": "heartbeat", "keep_alive": True, "clients": 64, "rate": rate, "p99_ms": p99_ms, "bad": 0}
        constant = {"name": "aiohttp 202", "keep_alive": True, "clients": 64, "rate": 2 * rate}
        return json.loads(json.dumps({"pings": {"free": 1.0, "rows": [row, constant]}}))

    repeated.compare(run(10_000, 10.0), run(10_900, 11.2), ["pings"])

    told = capsys.readouterr().out
    assert "pings, p99_ms of heartbeat, True, 64: 10 then, 11.2 now" in told
    assert "pings, the machine: rate of aiohttp 202, True, 64 is x1.09 of the earlier run's" in told
    assert "pings: 2 of 3 figures are within 10%" in told
    assert "10,900" not in told
