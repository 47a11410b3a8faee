"""Grouping of paths, buckets of latencies, and taking a stretch of time apart."""

import random

from hypothesis import given
from hypothesis import strategies as st

from seestackd.core.rollups import parts_of
from seestackd.core.telemetry import (
    LATENCY_ERROR,
    MAX_COUNTED_MS,
    MAX_GROUPED,
    Tally,
    bucket_of,
    grouped,
    middle_of,
    percent,
    percentile,
    total,
)
from tests.rows import rows

MINUTE, HOUR = 60_000, 3_600_000
INSTANTS = st.integers(-10 * HOUR, 10 * HOUR)


@rows(
    ("path", "endpoint"),
    [
        ("/users/17/orders/9", "/users/:id/orders/:id"),
        ("/u/728b3763-5b88-4d5f-8a3c-6c6f0f1b6f53", "/u/:id"),
        ("/commit/9fceb02/files", "/commit/9fceb02/files"),
        ("/commit/9fceb02d0ae598e95dc970b74767f19372d61af8", "/commit/:id"),
        ("/f/01ARZ3NDEKTSV4RRFFQ69G5FAV/x", "/f/:id/x"),
        ("/api/v2/deadbeef/facade", "/api/v2/deadbeef/facade"),
        ("/search?q=17", "/search"),
        ("/page#17", "/page"),
        ("17", "17"),
        ("", ""),
        ("/a/:id", "/a/:id"),
        ("https://shop.example/7", "https://shop.example/:id"),
    ],
)
def test_numbers_uuids_and_hashes_of_a_path_are_ids(path: str, endpoint: str) -> None:
    assert grouped(path) == endpoint


def test_a_huge_path_is_grouped_in_no_time_and_cut() -> None:
    assert grouped("/" + "a" * 200_000) == "/" + "a" * (MAX_GROUPED - 1) + "…"
    assert grouped("/1" * 100_000).startswith("/:id/:id")


@given(st.integers(0, MAX_COUNTED_MS))
def test_a_bucket_stands_for_its_durations_within_the_stated_error(duration: int) -> None:
    middle = middle_of(bucket_of(duration))

    assert abs(middle - duration) <= duration * LATENCY_ERROR
    assert duration >= 64 or middle == duration


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_longer_durations_are_in_no_earlier_bucket(one: int, other: int) -> None:
    assert (bucket_of(min(one, other))) <= bucket_of(max(one, other))


def test_a_percentile_is_that_of_the_sorted_durations() -> None:
    durations = sorted(int(random.Random(7).expovariate(1 / 400)) for _ in range(5000))
    counts: dict[int, int] = {}
    for duration in durations:
        counts[bucket_of(duration)] = counts.get(bucket_of(duration), 0) + 1

    for share in (0.5, 0.95, 0.99, 1.0):
        exact = durations[-(-int(share * 5000) // 1) - 1]
        assert abs(percentile(counts, share) - exact) <= exact * LATENCY_ERROR + 1
    assert percentile({}, 0.5) == 0


def test_sums_tell_errors_from_failures() -> None:
    both = total([Tally(requests=3, client_errors=1, silent=1), Tally(requests=1, server_errors=1)])

    assert (both.requests, both.errors, both.failures) == (4, 2, 2)
    assert (percent(1, 3), percent(0, 0)) == (33.33, 0.0)
    assert total([]) == Tally()


@given(INSTANTS, INSTANTS, st.none() | INSTANTS)
def test_the_parts_of_a_stretch_are_all_of_it_once(since: int, until: int, minutes_from: int | None) -> None:
    parts = parts_of(since, until, minutes_from)
    pieces = [(first * HOUR, last * HOUR) for first, last in [parts.hours] if first < last]
    pieces += [(first * MINUTE, last * MINUTE) for first, last in parts.minutes]
    assert minutes_from is None or all(first * MINUTE >= minutes_from for first, _ in parts.minutes)
    pieces = sorted(pieces + list(parts.rest))

    assert all(begin < end for begin, end in pieces)
    assert [end for _, end in pieces[:-1]] == [begin for begin, _ in pieces[1:]]
    assert (pieces[0][0], pieces[-1][1]) == (since, until) if since < until else not pieces
