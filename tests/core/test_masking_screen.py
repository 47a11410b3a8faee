"""What the screen passes over no rule would have changed: a sign may be coarser than its rule, never narrower."""

from hypothesis import given, settings
from hypothesis import strategies as st

from seestackd.core.masking.cards import mask_cards, mask_proven_cards
from seestackd.core.masking.credentials import mask_credentials
from seestackd.core.masking.fields import mask_fields
from seestackd.core.masking.pairs import mask_pairs, mask_pairs_of_text
from seestackd.core.masking.screen import suspects
from tests.core.planted import NAMES, benign, planted

RULES = (mask_fields, mask_cards, mask_proven_cards, mask_pairs, mask_pairs_of_text, mask_credentials)
HEADS = ("eyJhbGciOiJ9.abcdefgh.", "AKIA", "ghp_", "glpat-", "xoxb-", "sk_live_", "SG.", "hvs.", "ssk_", "12345678:AA")
QUOTES = ('"', "'", '\\"', "\\\\\\'", "\\u0022", "&quot;", "&#34;", "%22", "%27", "U0027")
BETWEEN = (*":=&?{}[ -@", "%3D", "\\u003d", "\\\\u003D", "%3A", ": ", " : ", "=>", "\\n")
OTHERS = (
    *("type", "input_type", "value", "text", "name", "key", "one-time-code", "cc-csc", "#", "x-", "Set-", "cookie2"),
    *(
        "bearer ",
        "Basic ",
        "http://",
        "https:\\/\\/",
        "ftp%3A%2F%2Fkim%3A",
        "kim",
        "%40host",
        "4111111111111111",
        "123",
    ),
    *("hooks.slack.com/services/", "Hooks.Slack.com\\/services\\/", "discord.com\\/api\\/webhooks\\/12\\/", "a" * 20),
    *("-----BEGIN RSA PRIVATE KEY-----", "[pin]", "userPIN", "connect.sid", "pw", "cardCvv2", "A1b2C3d4" * 6, "é"),
)
PIECES = (*NAMES, *HEADS, *QUOTES, *BETWEEN, *OTHERS)


def passed_over_wrongly(texts: list[str]) -> list[str]:
    """Return the texts that the screen passes over although a rule changes them."""
    each = [text.encode() for text in texts]
    return [data.decode() for data in each if not list(suspects(data)) and any(rule(data) != data for rule in RULES)]


def test_no_planted_or_benign_text_is_passed_over_wrongly() -> None:
    assert passed_over_wrongly([*(each.text for each in planted(1_000)), *benign(2_000)]) == []


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_no_text_of_telling_pieces_is_passed_over_wrongly(text: str) -> None:
    assert passed_over_wrongly([text]) == []
