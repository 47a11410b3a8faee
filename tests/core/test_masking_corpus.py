"""The figures of masking: every planted secret is found, next to nothing else is."""

import pytest

from seestackd.core.masking import mask_event, mask_text, mask_url
from tests.core.planted import Planted, benign, planted


def left(count: int) -> list[Planted]:
    """Return what has been left in clear."""
    return [
        each for each in planted(count) if each.secret in mask_text(each.text) or each.secret in mask_event(each.text)
    ]


def masked_for_nothing(count: int) -> list[str]:
    return [text for text in benign(count) if {mask_event(text), mask_text(text), mask_url(text)} != {text}]


def test_no_planted_secret_stays() -> None:
    assert left(200) == []


def test_values_that_are_no_secrets_stay() -> None:
    assert len(masked_for_nothing(2_000)) <= 2


@pytest.mark.long
def test_none_of_ten_thousand_planted_secrets_stays() -> None:
    assert left(10_000) == []


@pytest.mark.long
def test_of_a_hundred_thousand_benign_values_a_thousandth_at_most_is_masked() -> None:
    assert len(masked_for_nothing(100_000)) <= 100
