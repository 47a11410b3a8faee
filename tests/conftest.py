"""What every test gets: hypothesis without a time limit per example, as the machine may be busy.

A run takes 40 examples of each property, `make check-long` two thousand of those of the core. With LOOP=uvloop tests
run on its event loop. Their folders are in memory where there is room, but for the faults that are planted by name.
"""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
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


MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 2 * 1024**3


def pytest_configure() -> None:
    """Put the folders of the tests where no commit waits for a disk."""
    if "FAULTS" not in os.environ and _takes_programs_and_data(MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def _takes_programs_and_data(folder: Path) -> bool:
    if not os.access(folder, os.W_OK):
        return False
    drive = os.statvfs(folder)
    return drive.f_bavail * drive.f_frsize > ENOUGH_BYTES and not drive.f_flag & os.ST_NOEXEC


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
