"""What the screen passes over no rule would have changed: a sign may be coarser than its rule, never narrower."""

import re

from hypothesis import given
from hypothesis import strategies as st

from seestackd.core.masking import cards, credentials, fields, mask_event, mask_events, pairs
from seestackd.core.masking.scan import Pattern
from seestackd.core.masking.screen import suspects
from seestackd.core.masking.wrapped import mask_wrapped
from tests.core.planted import benign, planted
from tests.rows import rows

RULES = (
    *(fields.mask_fields, cards.mask_cards, cards.mask_proven_cards, pairs.mask_pairs, pairs.mask_pairs_of_text),
    *(credentials.mask_credentials, lambda data: mask_wrapped(data, mask_events)),
)
PATTERNS = {
    "a field that tells": fields.TELLING,
    "a card": cards._CARD.text,
    "a key": pairs._KEYED.text,
    "a parameter": pairs._PARAMETER.text,
    "an assignment": pairs._ASSIGNMENT.text,
    "a token": credentials._KNOWN.text,
    "a header": credentials._HEADER.text,
    "an address": credentials._IN_URL.text,
    "a private key": credentials._BEGIN.text,
}
SEVERAL = (
    *("plain", "", "token=a", '{"pin":"1"}', "a\0token=b\0c", "eyJwYXNzd29yZCI6Imh1bnRlcjIifQ==", "pin\\U003dabc"),
    *("x" * 150, "é", "4111111111111111", "https://kim:hunter2@db.example/x"),
)


def passed_over_wrongly(text: str) -> bool:
    """Say whether the screen passes over a text that a rule changes."""
    data = text.encode()
    return not list(suspects(data)) and any(rule(data) != data for rule in RULES)


def test_no_planted_or_benign_text_is_passed_over_wrongly() -> None:
    texts = [*(each.text for each in planted(1_000)), *benign(2_000)]

    assert [text for text in texts if passed_over_wrongly(text)] == []


@rows("kind", PATTERNS)
def test_no_text_that_a_rule_matches_is_passed_over(kind: str) -> None:
    pattern = Pattern(PATTERNS[kind])

    @given(st.from_regex(re.compile(pattern.text), fullmatch=True))
    def holds(data: bytes) -> None:
        # `re` counts one more byte among spaces.
        assert list(suspects(data)) or pattern.find(data, 0, len(data))[0][1] < 0, data

    holds()


@rows(
    "text",
    [
        *('{"name":"one-time-code","value":"1"}', '{"type":"password","value":"1"}', "Cookie2: a=b", "pw=hunter2"),
        *(
            "[pin]=1234",
            "xsrf=abc",
            "sig=abc",
            "pincode=1",
            "dbPin=1",
            "user_pass=abc",
            "x-cvc2: 123",
            "set-cookie:a=b",
        ),
        *(
            "authorization%3A abcdef",
            "Cookie%3Aa=b",
            "x-token \t: abc",
            "bearer abcdefghijklmnop",
            "BASIC abcdefghijklmnop",
        ),
        *("pin\\u003dabc", "pin\\\\\\U003Dabc", "pin%3dabc", "&#39;pin&#39;:&#39;1&#39;", "%27pin%27:%27a%27"),
        *("\\u0027pin\\u0027:\\u00271\\u0027", "&quot;pin&quot;:&quot;1&quot;", "U0022pinU0022:U00221U0022"),
        *("hooks.slack.com/services/T00000000/B000000", "Discordapp.com/api/webhooks/12/abcdefghijklmnopqr"),
        *("seestack_live_abcdefghijklmnop", "a://:b@c", "A%3A%2F%2Fkim%3Ab%40c", "a:\\/\\/kim:b@c"),
    ],
)
def test_nothing_that_tells_is_passed_over(text: str) -> None:
    assert list(suspects(text.encode()))


@given(st.lists(st.sampled_from(SEVERAL), max_size=60))
def test_many_texts_are_masked_as_each_of_them_alone(texts: list[str]) -> None:
    assert mask_events(texts) == [mask_event(text) for text in texts]


def test_texts_that_stand_close_together_are_masked_as_each_of_them_alone() -> None:
    texts = ["token=a", "plain", "", '{"pin":"1"}'] * 2_000 + ["x" * 150, "plain"] * 200 + ["token=a"] * 3

    assert mask_events(texts) == [mask_event(text) for text in texts]
