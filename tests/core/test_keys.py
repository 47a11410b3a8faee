"""The form of keys."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seestackd.core.keys import RANDOM_BYTES, checksum_ok, digest, make_secret
from tests.rows import rows

ANY = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)


@given(ANY)
def test_a_key_says_what_it_is_and_checks_out(random: bytes) -> None:
    secret = make_secret(random)

    assert re.fullmatch(r"ssk_[0-9A-Za-z]{36}", secret)
    assert checksum_ok(secret)


@given(ANY, st.integers(0, 39), st.sampled_from("0aZ_-"))
def test_a_mistyped_key_does_not_check_out(random: bytes, place: int, character: str) -> None:
    secret = make_secret(random)
    mistyped = secret[:place] + character + secret[place + 1 :]

    assert checksum_ok(mistyped) == (mistyped == secret)


@rows("text", ["", "ssk_", "ask_live_abc", "ssk_" + "é" * 36, "x" * 40])
def test_other_texts_do_not_check_out(text: str) -> None:
    assert not checksum_ok(text)


def test_different_bytes_make_different_keys() -> None:
    keys = {make_secret(bytes([number]) * RANDOM_BYTES) for number in range(256)}

    assert len(keys) == 256


def test_too_little_randomness_makes_no_key() -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        make_secret(b"x" * 31)


def test_the_digest_is_the_sha_256_of_the_text() -> None:
    assert digest("ß-key") == hashlib.sha256("ß-key".encode()).hexdigest()


def test_bytes_that_are_no_text_have_a_digest_too() -> None:
    assert digest(b"\xff\xfe".decode("utf-8", "surrogateescape")) == hashlib.sha256(b"\xff\xfe").hexdigest()
