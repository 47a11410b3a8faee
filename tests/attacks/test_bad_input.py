"""What bad input gets, row by row of docs/promises.md, and requests that two servers could read differently."""

import re

import pytest

from tests.attacks.vectors import SECRET, VECTORS, answer_of, request, smuggling, talked
from tests.documents import text
from tests.source import ROOT
from tests.web.conftest import Daemon

PROMISED = dict(
    re.findall(
        r"^\| (.+?) \| (\d{3}(?: `\w+`)?) \|$",
        text(ROOT / "docs" / "promises.md").partition("## What bad input gets")[2],
        re.MULTILINE,
    )
)
SMUGGLED = list(smuggling())


def test_the_table_has_every_vector() -> None:
    assert PROMISED.keys() == VECTORS.keys()


async def test_every_row_of_the_table_is_true(daemon: Daemon, caplog: pytest.LogCaptureFixture) -> None:
    found = {}
    for name, sent in VECTORS.items():
        answer = await talked(daemon.port, sent)
        found[name] = answer_of(answer)
        assert SECRET.encode() not in answer, name

    assert found == PROMISED
    assert len(await daemon.pings()) == sum(answer.startswith("202") for answer in PROMISED.values())
    assert SECRET not in caplog.text
    assert "Traceback" not in caplog.text


async def test_what_two_servers_could_read_differently_is_refused(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    taken = {}
    for name, sent in SMUGGLED:
        status = (await talked(daemon.port, sent)).split(b" ")[1:2]
        if status != [b"400"]:
            taken[name] = status

    assert len(SMUGGLED) >= 100
    assert taken == {}
    assert await daemon.nothing_stored()
    assert SECRET not in caplog.text
    assert len([record for record in caplog.records if record.name.startswith("seestackd")]) <= 2


async def test_a_good_request_of_the_same_making_is_taken(daemon: Daemon) -> None:
    assert answer_of(await talked(daemon.port, request())) == "202"
