"""The browser of this test process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.browser import CHROMIUM, Chromium
from tests.pages.conftest import locked, open_house

__all__ = ("chromium", "locked", "open_house")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    if not Path(CHROMIUM).exists():
        pytest.skip("needs apt-get install chromium-headless-shell")
    browser = Chromium()
    yield browser
    browser.close()
