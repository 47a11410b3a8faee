"""Instants as machines read them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seestackd.core.instants import FIRST, LAST, iso


@given(st.integers(FIRST, LAST))
def test_what_is_written_is_read_back_to_the_millisecond(at: int) -> None:
    read = datetime.fromisoformat(iso(at))

    assert (read - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() == pytest.approx(at / 1000, abs=1e-4)
    assert datetime.fromisoformat(iso(at, millis=False)) == read.replace(microsecond=0)


def test_the_form_is_always_the_same() -> None:
    assert iso(1_795_399_200_000) == "2026-11-23T02:00:00.000Z"
    assert iso(1_795_399_259_007, millis=False) == "2026-11-23T02:00:59Z"
    assert iso(-1) == "1969-12-31T23:59:59.999Z"


def test_what_no_calendar_holds_is_its_first_or_last_instant() -> None:
    assert iso(2**62) == iso(LAST) == "9999-12-31T23:59:59.999Z"
    assert iso(-(2**62)) == iso(FIRST) == "0001-01-01T00:00:00.000Z"
