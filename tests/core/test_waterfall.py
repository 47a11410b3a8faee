"""The picture of a trace, whatever its spans say."""

from seestackd.core.telemetry import HttpRequest
from seestackd.core.waterfall import waterfall
from tests.rows import rows


def spans(*said: tuple[str | None, str | None]) -> list[tuple[int, HttpRequest]]:
    """Return requests of these spans with these parents, one a millisecond, with ids from 0 on."""
    return [
        (number, HttpRequest(number, "t", False, "GET", "h", "/", 200, 5, 0, 0, False, None, None, span, parent))
        for number, (span, parent) in enumerate(said)
    ]


@rows(
    ("said", "shown"),
    [
        ([("a", None), ("b", "a"), ("c", "b"), ("d", "a"), ("e", None)], [(0, 0), (1, 1), (2, 2), (3, 1), (4, 0)]),
        ([("a", None), ("b", None), ("c", "a"), ("d", "b")], [(0, 0), (2, 1), (1, 0), (3, 1)]),
        ([("child", "late"), ("late", None)], [(1, 0), (0, 1)]),
        ([("a", "gone"), (None, "gone"), (None, None)], [(0, 0), (1, 0), (2, 0)]),
        ([("a", "c"), ("b", "a"), ("c", "b"), ("d", None)], [(3, 0), (0, 0), (1, 1), (2, 2)]),
        ([("a", "a"), ("b", "a")], [(0, 0), (1, 1)]),
        ([("a", None), ("a", None), ("b", "a"), ("a", "a")], [(0, 0), (2, 1), (3, 1), (1, 0)]),
    ],
)
def test_requests_stand_below_the_one_they_were_made_within(
    said: list[tuple[str | None, str | None]], shown: list[tuple[int, int]]
) -> None:
    assert [(bar.row_id, bar.depth) for bar in waterfall(spans(*said)).bars] == shown


def test_a_chain_of_a_thousand_is_no_deeper_than_it_is_long() -> None:
    found = waterfall(spans(*((f"s{number}", f"s{number - 1}") for number in range(1_000))))

    assert [bar.depth for bar in found.bars] == list(range(1_000))
