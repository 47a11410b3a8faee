"""One test over many rows of a table: a row that takes microseconds as a test of its own takes milliseconds."""

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest


def rows(names: str | tuple[str, ...], table: Iterable[Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Run a test on all rows and name every row that fails, with its own traceback.

    It is written as `pytest.mark.parametrize` is, and several of them are multiplied. Rows share the test's fixtures,
    so a row may not leave anything behind in them.
    """
    columns = tuple(name.strip() for name in names.split(",")) if isinstance(names, str) else names
    table = list(table)

    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(test)
        fixtures = [each for name, each in signature.parameters.items() if name not in columns]
        if inspect.iscoroutinefunction(test):

            @functools.wraps(test)
            async def whole(**given: Any) -> None:
                wrong: list[BaseException] = []
                for row in _read(columns, table):
                    with _noting(wrong, row):
                        await test(**given, **row)
                _report(wrong, len(table))
        else:

            @functools.wraps(test)
            def whole(**given: Any) -> None:
                wrong: list[BaseException] = []
                for row in _read(columns, table):
                    with _noting(wrong, row):
                        test(**given, **row)
                _report(wrong, len(table))

        whole.__signature__ = signature.replace(parameters=fixtures)  # type: ignore[attr-defined]
        return whole

    return decorate


def _read(columns: tuple[str, ...], table: list[Any]) -> Iterator[dict[str, Any]]:
    assert table, f"a table of {', '.join(columns)} without rows shows nothing"
    for row in table:
        yield dict(zip(columns, row if len(columns) > 1 else (row,), strict=True))


@contextmanager
def _noting(wrong: list[BaseException], row: dict[str, Any]) -> Iterator[None]:
    try:
        yield
    except (Exception, pytest.fail.Exception) as error:
        error.add_note("in the row " + ", ".join(f"{name}={value!r:.200}" for name, value in row.items()))
        wrong.append(error)


def _report(wrong: list[BaseException], of: int) -> None:
    if wrong:
        raise BaseExceptionGroup(f"wrong in {len(wrong)} of {of} rows", wrong)
