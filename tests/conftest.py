"""What every test gets: hypothesis without a time limit per example, as the machine may be busy.

A run takes 40 examples of each property, `make check-long` two thousand of those of the core.
"""

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("default", deadline=None, max_examples=40)
settings.register_profile("ci", deadline=None, max_examples=40, derandomize=True, print_blob=True)
settings.register_profile("long", deadline=None, max_examples=2_000)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session", autouse=True)
def no_process_stays() -> Iterator[None]:
    yield
    if forked := sys.modules.get("tests.forked"):
        forked.stop_forking()
