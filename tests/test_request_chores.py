"""Sums of requests are made in steps as small as catches up: a large one holds reports up."""

import asyncio
from collections.abc import Iterable
from typing import Any, cast

import pytest

from seestackd.operations.telemetry import ROLLED_AT_ONCE, RollUp
from seestackd.request_chores import RequestChores
from seestackd.runner import Runner


class Steps:
    """Stands in for the runner: after each step so many requests wait still, as `waiting` says."""

    def __init__(self, waiting: Iterable[int]) -> None:
        self.limits: list[int] = []
        self._waiting = iter(waiting)

    def submit(self, operation: object, command: RollUp, **kind: bool) -> "asyncio.Future[Any]":
        self.limits.append(command.limit)
        found = asyncio.get_running_loop().create_future()
        found.set_result(next(self._waiting))
        return found


@pytest.mark.parametrize(
    ("waiting", "limits"),
    [
        ((0,), [25]),
        ((2_000, 100, 0), [25, 25, 25]),
        ((10_000, 5_000, 0), [25, 25, 25]),
        ((32_000, 16_000, 0), [25, 80, 40]),
        ((5_000_000, 0), [25, ROLLED_AT_ONCE]),
    ],
)
async def test_a_step_is_as_large_as_what_waits_asks_for(waiting: tuple[int, ...], limits: list[int]) -> None:
    steps = Steps(waiting)
    await RequestChores(cast(Runner, steps), lambda: False).roll_up()

    assert steps.limits == limits
