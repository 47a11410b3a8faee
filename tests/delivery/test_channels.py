"""What may be shown of a channel."""

from seestackd.delivery.channels import Channel, display, redact
from tests.rows import rows


@rows(
    ("url", "shown"),
    [
        ("json://ops:pw@mon.example:8443/hooks/TOKEN?x=1", "json://mon.example"),
        ("jsons://[2001:db8::1]/TOKEN", "jsons://2001:db8::1"),
        ("mailtos://me:pw@smtp.example?to=a@example.org", "mailtos://smtp.example"),
        ("https://hooks.slack.com/services/T/B/TOKEN", "https://hooks.slack.com"),
        ("ntfys://ntfy.example/topic", "ntfys://ntfy.example"),
        ("ntfy://topic", "ntfy://…"),
        ("slack://TOKENA/TOKENB/TOKENC", "slack://…"),
        ("tgram://123456:TOKEN/chat", "tgram://…"),
        ("pover://user@TOKEN", "pover://…"),
        ("no url at all", "…"),
        ("json://[broken", "json://…"),
    ],
)
def test_only_the_service_and_its_host_are_shown(url: str, shown: str) -> None:
    assert display(url) == shown


@rows(
    ("url", "text"),
    [
        ("mailto://me:p@smtp.example?to=a@example.org", "535 wrong password p for me"),
        ("mailto://me:s%20pace@smtp.example", "login failed with s pace"),
        ("json://h.example/hooks/TOKEN42", "POST /hooks/TOKEN42 gave 404"),
        ("json://h.example/x?+Authorization=Bearer%20TOKEN42", "header Bearer TOKEN42; only TOKEN42"),
        ("slack://TOKENA/TOKENB/TOKENC", "https://hooks.slack.com/services/TOKENA/TOKENB/TOKENC and TOKENB alone"),
        ("pover://user@TOKEN42", "token TOKEN42 of user is invalid"),
        ("tgram://123456:TOKEN42/chat", "bot123456:TOKEN42 unknown"),
    ],
)
def test_a_text_loses_every_secret_of_the_url(url: str, text: str) -> None:
    shown = redact(text, url)
    for secret in ("TOKEN42", "TOKENA", "TOKENB", "TOKENC", "s pace", " p ", " me"):
        assert secret not in shown


def test_another_url_in_a_text_is_shortened_too() -> None:
    assert redact("see https://other.example/secret?x=y now", "json://h/x") == "see https://other.example now"


def test_a_channel_does_not_print_its_url() -> None:
    assert "TOKEN" not in repr(Channel("chat", "json://h/TOKEN"))
