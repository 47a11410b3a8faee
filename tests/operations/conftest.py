"""What tests of operations share: a place where jobs report and silence is judged."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from seestackd.core.alerts import Routing
from tests.operations.place import Place, a_place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path, Routing(default_channels=("ops",))) as made:
        yield made
