"""What is masked, and what is left as it is (contract.md 4.1)."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seestackd.core.masking import mask_event, mask_text, mask_url
from tests.rows import rows

X = "***REDACTED***"


@rows(
    ("text", "masked"),
    [
        ('{"type":"password","value":"hunter2"}', f'{{"type":"password","value":"{X}"}}'),
        ('{"type" : "password", "id":1, "value" :"a"}', f'{{"type" : "password", "id":1, "value" :"{X}"}}'),
        ('"type":"password" "value":"a{b}c"', f'"type":"password" "value":"{X}"'),
        ('{"type":"password"},{"value":"kept"}', '{"type":"password"},{"value":"kept"}'),
        ('{"type":"text","value":"kept"},{"type":"password"}', '{"type":"text","value":"kept"},{"type":"password"}'),
        ('{"type":"passwords","value":"kept"}', '{"type":"passwords","value":"kept"}'),
    ],
)
def test_the_value_of_a_password_field_is_masked_within_its_braces(text: str, masked: str) -> None:
    assert mask_event(text) == masked


@rows(
    ("text", "masked"),
    [
        ("4111111111111111", "****-****-****-1111"),
        ("4111 1111 1111 1234", "****-****-****-1234"),
        ("4111-1111-1111-1234", "****-****-****-1234"),
        ("4111-1111 11111234", "****-****-****-1234"),
        ('{"card":4111111111111111}', '{"card":****-****-****-1111}'),
        ("0000000000000000", "****-****-****-0000"),
        ("a 41111111 1111 1234.", "a ****-****-****-1234."),
        ("41111111111111111", "41111111111111111"),
        ("411111111111111", "411111111111111"),
        ("x4111111111111111", "x4111111111111111"),
        ("4111  1111 1111 1111", "4111  1111 1111 1111"),
        ("4111_1111_1111_1111", "4111_1111_1111_1111"),
    ],
)
def test_sixteen_digits_keep_their_last_four(text: str, masked: str) -> None:
    assert mask_event(text) == masked


@rows("key", ["password", "secret", "token", "ssn", "cvv", "cvc", "pin", "PASSWORD", "Token"])
def test_the_value_under_a_telling_key_is_masked(key: str) -> None:
    assert mask_event(f'{{"a":1,"{key}" : "x, y","b":2}}') == f'{{"a":1,"{key}" : "{X}","b":2}}'
    assert mask_event(f'{{"{key}":""}}') == f'{{"{key}":"{X}"}}'


@rows(
    "text",
    [
        "",
        "plain text, nothing more",
        '{"passwords":"kept","tokens":"kept","pinned":"kept","token":17,"secret":null,"pin":[1]}',
        "password: kept; token: kept",
        '{"password":"[MASKED]","token":"[FILTERED]","pin":"[REDACTED]"}',
        '{"type":"password","value":"[MASKED]"}',
        "12:34 2026-03-31 1774958400123 +49 170 1234567",
        '{"x":"héllo 🎉 \\u0000 \\" \\\\ {[("}',
    ],
)
def test_everything_else_stays_byte_for_byte(text: str) -> None:
    assert mask_event(text) == text


@rows(
    ("text", "masked"),
    [
        ('{"value":"a","type":"password"}', f'{{"value":"{X}","type":"password"}}'),
        (r'{"password":"a\"tail","b":1}', f'{{"password":"{X}","b":1}}'),
        (r'{"type":"password","value":"a\"tail\\"}', f'{{"type":"password","value":"{X}"}}'),
        ('{"cvv":123,"ssn":78051120,"pin":9}', f'{{"cvv":"{X}","ssn":"{X}","pin":9}}'),
        (r'{"body":"{\"password\":\"a\\\"b\",\"c\":1}"}', r'{"body":"{\"password\":\"***REDACTED***\",\"c\":1}"}'),
        ('{"password":"cut off', f'{{"password":"{X}'),
    ],
)
def test_the_known_holes_are_closed(text: str, masked: str) -> None:
    assert mask_event(text) == masked


@rows(
    ("text", "masked"),
    [
        ("éeyJwYXNzd29yZCI6Imh1bnRlcjIifQ==", f"é{X}"),
        ("🎉4111111111111111", "🎉****-****-****-1111"),
        ("pin=\\u0022é\\u0022", f"pin=\\u0022{X}\\u0022"),
        ('{"PIN":1234,"password":5678,"pin":0912}', f'{{"PIN":"{X}","password":"{X}","pin":"{X}"}}'),
        (r"\"pin\":1234", rf"\"pin\":\"{X}\""),
        ('{"cookie":["a\\"b","c"],"x":["d"]}', f'{{"cookie":["{X}","{X}"],"x":["d"]}}'),
    ],
)
def test_what_stands_beside_a_secret_changes_nothing(text: str, masked: str) -> None:
    assert mask_event(text) == masked


@given(st.text(alphabet=st.sampled_from('{}[]:,"\\ptype value4111-'), max_size=80))
def test_masking_again_changes_nothing(text: str) -> None:
    once = mask_event(text)

    assert mask_event(once) == once


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    for mask in (mask_event, mask_text, mask_url):
        assert isinstance(mask(text.encode("utf-8", "replace").decode()), str)


@rows(
    ("text", "masked"),
    [
        ("could not reach postgres://app:s3cret@db:5432/x", f"could not reach postgres://app:{X}@db:5432/x"),
        ("run with DB_PASSWORD=s3cret now", f"run with DB_PASSWORD={X} now"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", f"Authorization: Basic {X}"),
        ("Authorization: hunter2secret \f", f"Authorization: {X}"),
        ("Authorization: hunter2secret \fabc", f"Authorization: {X}"),
        ("sent Bearer eyJhbGciOi.eyJzdWIi.c2ln back", f"sent Bearer {X} back"),
        ('{"token":"abc"} 4111111111111111', f'{{"token":"{X}"}} ****-****-****-1111'),
    ],
)
def test_a_jobs_message_hides_what_it_gives_away(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@rows(
    "text",
    [
        "Backed up 12 files in 3 s (1.2 GB) to s3://bucket/2026-03-31/",
        "used max_tokens=4096, tokens=17, pins=4; keypin=2",
        "password changed for user kim; token expired",
        "the bearer of bad news; basic authentication is off",
        "mail to ops@example.com about https://example.com/a?page=2&sort=up",
        "token=[REDACTED]",
    ],
)
def test_a_benign_message_stays(text: str) -> None:
    assert mask_text(text) == text


@rows(
    ("url", "masked"),
    [
        ("/reset?token=abc&next=/home", f"/reset?token={X}&next=/home"),
        (
            "https://kim:pw@example.com/?api_key=k#access_token=t",
            f"https://kim:{X}@example.com/?api_key={X}#access_token={X}",
        ),
        ("/a?page=2&tokens=3&q=password", "/a?page=2&tokens=3&q=password"),
        ("/a?token=&b=1", "/a?token=&b=1"),
        ("/a?password=[MASKED]", "/a?password=[MASKED]"),
        ("https://example.com:8443/a@b", "https://example.com:8443/a@b"),
    ],
)
def test_a_url_hides_its_secrets(url: str, masked: str) -> None:
    assert mask_url(url) == masked


@rows(
    "piece",
    [
        "a",
        '"',
        "\\",
        "1",
        "1111 ",
        '"value":"\\',
        '"password":"\\',
        '\\"password\\":\\"',
        "token=",
        "a://b:",
        "a-",
        "bearer ",
        '"password":"a\\\\',
        "password='",
    ],
)
def test_no_text_makes_it_slow(piece: str) -> None:
    def seconds(size: int) -> float:
        text = '"type":"password"' + piece * (size // len(piece))
        began = time.process_time()
        for mask in (mask_event, mask_text, mask_url):
            mask(text)
        return time.process_time() - began

    # Quadratic rules need seconds for this, linear ones a few milliseconds.
    assert seconds(40_000) < 0.5


def test_re2_has_room_for_what_heads_of_tokens_make_it_remember(capfd: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(3)
    words = ["".join(dice.choices(("AIza", "x"), k=30))[:38] for _ in range(30_000)]

    mask_event(".".join(words))

    # Where it has none it says so there, and takes a hundred times as long.
    assert capfd.readouterr().err == ""
