"""What the faults have shown, as a table at the end of `make faults`."""

from collections.abc import Callable
from typing import Any

import pytest

Figure = Callable[[str, object], None]
_TABLE = "figure"


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    """Note what was measured: what, and how much."""
    return lambda what, value: record_property(_TABLE, f"{what}: {value}")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    rows = [
        (report.nodeid.rpartition("/")[2].partition("::")[0], said)
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, said in getattr(report, "user_properties", ())
        if name == _TABLE and getattr(report, "when", "") == "call"
    ]
    if rows:
        terminalreporter.section("figures")
    for file, said in rows:
        terminalreporter.line(f"{file:<26} {said}")
