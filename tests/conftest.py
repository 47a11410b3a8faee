"""What every test gets: hypothesis without a time limit per example, as the machine may be busy.

A run takes 40 examples of each property, `make check-long` two thousand of those of the core. With LOOP=uvloop tests
run on its event loop.
"""

import gc
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("default", deadline=None, max_examples=40)
settings.register_profile("ci", deadline=None, max_examples=40, derandomize=True, print_blob=True)
settings.register_profile("long", deadline=None, max_examples=2_000)
settings.load_profile("ci" if os.environ.get("CI") else "default")


if os.environ.get("LOOP") == "uvloop":
    # Daemons that tests start are on uvloop in any case.
    import uvloop

    def pytest_asyncio_loop_factories() -> dict[str, Any]:
        return {"uvloop": uvloop.new_event_loop}


# Nothing of what is collected is garbage.
gc.disable()


def pytest_collection_finish() -> None:
    """Keep what was collected out of the collector's sight: it stays, and looking it through costs a sixth of a run."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def no_process_stays() -> Iterator[None]:
    yield
    if forked := sys.modules.get("tests.forked"):
        forked.stop_forking()
