"""What is stored of the dashboard's password, and who knows it."""

from seestackd.core.passwords import hashed, matches

CHEAPLY_STORED = "scrypt$4$2$1$c2FsdA==$7sudHCeHNfRLvQDEv0Gzfh3Xrl/p0qqxzSQUObYi6CY="


def test_a_password_matches_what_was_stored_of_it_and_nothing_else_does() -> None:
    stored = hashed("three words long", b"sixteen bytes of")

    assert matches("three words long", stored)
    assert not matches("three words lonG", stored)
    assert "three" not in stored


def test_nothing_matches_what_was_stored_in_a_way_that_is_not_known() -> None:
    assert not matches("three words long", "argon2id$v=19$c2FsdA==$aGFzaA==")


def test_a_password_outlives_a_change_of_what_a_guess_costs() -> None:
    assert matches("three words long", CHEAPLY_STORED)
    assert not matches("three words lonG", CHEAPLY_STORED)
