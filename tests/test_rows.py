"""A test over many rows fails for every row that is wrong, and names it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.rows import rows


def told(test: Callable[[], Any]) -> str:
    with pytest.raises(BaseExceptionGroup) as failure:
        test()
    return "\n".join([str(failure.value), *(str(each.__notes__) for each in failure.value.exceptions)])


def test_every_wrong_row_is_named_and_the_others_are_tried_too() -> None:
    tried = []

    @rows("number, name", [(1, "one"), (2, "zwei"), (3, "three"), (4, "vier")])
    def is_named(number: int, name: str) -> None:
        tried.append(number)
        assert name == {1: "one", 2: "two", 3: "three", 4: "four"}[number]

    told_of = told(is_named)

    assert tried == [1, 2, 3, 4]
    assert "wrong in 2 of 4 rows" in told_of
    assert "number=2, name='zwei'" in told_of
    assert "number=4, name='vier'" in told_of
    assert "one" not in told_of


def test_a_row_that_should_raise_and_does_not_is_named() -> None:
    @rows("number", [0, 1])
    def cannot_divide(number: int) -> None:
        with pytest.raises(ZeroDivisionError):
            1 / number

    assert "number=1" in told(cannot_divide)


def test_tables_are_multiplied() -> None:
    tried = []

    @rows("one", "ab")
    @rows("other", range(3))
    def each_with_each(one: str, other: int) -> None:
        tried.append((one, other))

    each_with_each()

    assert tried == [(one, other) for one in "ab" for other in range(3)]


def test_a_table_without_rows_fails() -> None:
    @rows("one", [])
    def nothing(one: int) -> None: ...

    with pytest.raises(AssertionError, match="without rows"):
        nothing()


async def test_a_test_that_waits_is_waited_for() -> None:
    @rows("number", [1, 2])
    async def is_one(number: int) -> None:
        assert number == 1

    with pytest.raises(BaseExceptionGroup, match="1 of 2 rows"):
        await is_one()


@pytest.fixture
def shared() -> list[int]:
    return []


@rows("number", [1, 2, 3])
def test_rows_are_given_the_fixtures_of_the_test(shared: list[int], number: int) -> None:
    shared.append(number)
    assert shared[-1] == number == len(shared)
