"""What alerts say, against golden files; `SEESTACKD_WRITE_GOLDEN=1` writes them anew, to be read before committing."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from seestackd.core.incidents import AlertKind
from seestackd.delivery.examples import ALERT_ID, EXAMPLES
from seestackd.delivery.forms import MAX_BODY, Form
from seestackd.delivery.messages import Message, render
from tests.rows import rows

GOLDEN = Path(__file__).parent / "golden"


def ms(*instant: int) -> int:
    return int(datetime(*instant, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type]


MISSED, FAILED, RECOVERED, BLIND, DIGEST = (
    dict(EXAMPLES[kind])
    for kind in (AlertKind.MISSED, AlertKind.FAILED, AlertKind.RECOVERED, AlertKind.BLIND, AlertKind.DIGEST)
)
FIRST_MISS = {
    "slug": "kolkata-report",
    "name": "Report for Kolkata",
    "timezone": "Asia/Kolkata",
    "expected_at": ms(2026, 11, 23, 20, 0),
    "deadline_at": ms(2026, 11, 23, 20, 5),
    "grace_ms": 300_000,
    "at": ms(2026, 11, 23, 20, 5),
    "last_ok_at": None,
    "created_at": ms(2026, 11, 1),
    "first_ever": True,
    "bad": 1,
}
STORM = DIGEST | {
    "counts": {"missed": 9_998, "recovered": 2},
    "monitors": 10_000,
    "cause": {"what": "nobody", "name": None, "count": 9_998, "of": 9_998, "last_at": ms(2026, 11, 23, 14, 20)},
    "lines": [
        {"kind": "missed", **MISSED},
        {"kind": "overrun", **EXAMPLES[AlertKind.OVERRUN]},
        {"kind": "unknown", "slug": "etl", "unknowns": 3},
        {"kind": "slow", "slug": "etl", "duration_ms": 61_000},
        {"kind": "reminder", "down": EXAMPLES[AlertKind.REMINDER]["down"]},
        {"kind": "blind", **BLIND},
        {"kind": "recovered", **RECOVERED},
    ],
}
REQUESTS = {
    "count": 12,
    "failed": 3,
    "slowest": {"host": "psp.example:8443", "duration_ms": 30_041},
    "first_error": {
        "what": "POST psp.example:8443/charge/:id",
        "status_code": 502,
        "duration_ms": 301,
        "at": ms(2026, 11, 23, 14, 30, 12),
    },
}
EXTRA: dict[str, tuple[AlertKind, dict[str, Any]]] = {
    "failed-with-requests": (AlertKind.FAILED, FAILED | {"requests": REQUESTS}),
    "failed-without-requests": (AlertKind.FAILED, FAILED | {"requests": {"count": 0}}),
    "missed-first": (AlertKind.MISSED, FIRST_MISS),
    "missed-interval": (
        AlertKind.MISSED,
        {
            "slug": "demo",
            "expected_at": ms(2026, 11, 23, 2, 0, 3),
            "at": ms(2026, 11, 23, 2, 0, 4),
            "bad": 3,
            "grace_ms": 1000,
        },
    ),
    "failed-bare": (
        AlertKind.FAILED,
        {"slug": "etl-orders", "at": ms(2026, 11, 23, 14, 31, 2), "bad": 1, "good_before": 1},
    ),
    "recovered-among-others": (
        AlertKind.RECOVERED,
        RECOVERED
        | {
            "problem": "overrun",
            "missed": 0,
            "still_down": [{"slug": "vacuum-db", "kind": "overrun", "since": ms(2026, 11, 22, 6, 0)}],
        },
    ),
    "rule-switched-off": (
        AlertKind.RECOVERED,
        dict(EXAMPLES[AlertKind.HTTP_ERROR_RATE])
        | {
            "problem": "http_error_rate",
            "began_at": ms(2026, 11, 23, 13, 0),
            "closed_at": ms(2026, 11, 23, 14, 31, 2),
            "ended": "its alert rule was switched off",
        },
    ),
    "nothing-known": (AlertKind.MISSED, {}),
    "blind-while-running": (AlertKind.BLIND, BLIND | {"cause": "the disk was full", "unknown": 0, "slugs": []}),
    "digest-of-a-storm": (AlertKind.DIGEST, STORM),
}
CASES = {kind.replace("_", "-"): (AlertKind(kind), dict(facts)) for kind, facts in EXAMPLES.items()} | EXTRA


def written(
    kind: AlertKind,
    facts: dict[str, Any],
    at: int | None = None,
    url: str | None = "https://mon.example",
    *,
    pages: bool = False,
) -> Message:
    return render(ALERT_ID, kind, facts, public_url=url, at=at or facts.get("at") or ms(2026, 11, 23), pages=pages)


@rows("name", CASES)
def test_it_says_exactly_this(name: str) -> None:
    message = written(*CASES[name])
    golden(f"{name}.txt", f"Subject: {message.title}\nTone: {message.tone}\n\n{message.text}\n")


@rows("form", [Form.HTML, Form.MARKDOWN])
@rows("name", [kind.replace("_", "-") for kind in AlertKind])
def test_it_says_the_same_in_every_form(name: str, form: Form) -> None:
    golden(f"{name}.{'md' if form is Form.MARKDOWN else 'html'}", written(*CASES[name]).body(form) + "\n")


def golden(name: str, text: str) -> None:
    file = GOLDEN / name
    if os.environ.get("SEESTACKD_WRITE_GOLDEN"):
        file.write_text(text)
    assert text == file.read_text()


def test_markup_of_a_job_is_shown_in_html_not_obeyed() -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=y>\"'&"
    facts = FAILED | {"name": hostile, "message": hostile, "host": hostile, "output_tail": [f"</pre>{hostile}"]}
    page = written(AlertKind.FAILED, facts).html
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("</pre>") == 1


@rows("call", ["@everyone", "see @here!", "<!channel>", "<@U123>", "@Channel"])
def test_a_job_cannot_call_everybody_in_a_chat(call: str) -> None:
    facts = FAILED | {"message": call, "name": call, "output_tail": [call]}
    message = written(AlertKind.FAILED, facts)
    assert call not in message.text + message.title
    assert "ops@here.example" in written(AlertKind.FAILED, FAILED | {"message": "ops@here.example"}).text


@rows("name", CASES)
def test_titles_begin_with_the_state_and_fit_into_sixty_characters(name: str) -> None:
    title = written(*CASES[name]).title
    assert title.split()[0].isupper() or title.startswith(("Still down", "seestackd ", "7 ", "10,000 "))
    assert len(title) <= 60


def test_a_long_name_is_cut_and_the_reason_stays() -> None:
    title = written(AlertKind.MISSED, MISSED | {"name": "x" * 500}).title
    assert title.endswith("…: due 03:00 CET")
    assert len(title) == 60


@rows("form", Form)
@rows("name", CASES)
def test_no_link_leads_nowhere(name: str, form: Form) -> None:
    assert "http" not in written(*CASES[name]).body(form).replace("HTTP", "")
    assert "http" not in written(*CASES[name], url=None, pages=True).body(form).replace("HTTP", "")


def test_a_command_stands_in_for_a_page_that_does_not_exist() -> None:
    text = written(AlertKind.MISSED, MISSED).text
    assert "Answer:    seestackd incident ack 42 or seestackd incident silence 42 --for 8h" in text
    assert "Answer" not in written(AlertKind.MISSED, MISSED, pages=True).text
    assert "Answer" not in written(AlertKind.RECOVERED, RECOVERED).text


@rows("name", ["missed", "failed", "digest", "reminder"])
def test_pages_are_linked_once_they_exist(name: str) -> None:
    for form in Form:
        suffix = {Form.TEXT: "txt", Form.MARKDOWN: "md", Form.HTML: "html"}[form]
        golden(f"{name}-with-pages.{suffix}", written(*CASES[name], pages=True).body(form) + "\n")


def test_a_trailing_slash_of_the_public_url_is_not_doubled() -> None:
    text = written(AlertKind.MISSED, MISSED, url="https://mon.example/x/", pages=True).text
    assert "Open https://mon.example/x/m/nightly-backup " in text


def test_a_message_that_comes_late_says_so() -> None:
    assert (
        "Delayed:   this is 6 h old; it could not be sent before"
        in written(AlertKind.MISSED, MISSED, at=MISSED["at"] + 6 * 3_600_000).text
    )


@rows("held_by", ["quiet hours", "a silence"])
def test_a_message_that_was_held_back_says_by_what(held_by: str) -> None:
    facts = MISSED | {"held_by": held_by}
    text = written(AlertKind.MISSED, facts, at=MISSED["at"] + 6 * 3_600_000).text
    assert f"this is 6 h old; {held_by} held it back" in text


def test_a_blind_stretch_of_days_says_on_which_day_it_ended() -> None:
    facts = BLIND | {"started_at": ms(2026, 11, 20, 12, 0), "ended_at": ms(2026, 11, 23, 12, 1), "timezone": "UTC"}
    title = written(AlertKind.BLIND, facts, ms(2026, 11, 23, 12, 2)).title

    assert "20 Nov" in title
    assert "23 Nov" in title


def test_flapping_tells_the_trouble_that_made_it_too_many() -> None:
    message = written(AlertKind.FLAPPING, FAILED | {"openings": 6, "problem": "failed"})
    assert "Now:      FAILED" in message.text
    assert "Message:  Database connection refused" in message.text
    assert "Last 3 of 214 output lines:" in message.text


def test_a_digest_of_warnings_only_is_no_failure() -> None:
    assert written(AlertKind.DIGEST, DIGEST | {"counts": {"unknown": 3, "slow": 1}}).tone == "warning"


@rows("hostile", ["\x00", "\x1b[31m", "a\r\nBcc: x@example.org", "\u202e", "\u2028", "\ud800"])
def test_control_characters_do_nothing(hostile: str) -> None:
    facts = FAILED | {"name": f"etl{hostile}", "message": hostile, "host": hostile, "output_tail": [hostile]}
    message = written(AlertKind.FAILED, facts)
    (message.title + message.text).encode()
    assert "\n" not in message.title
    assert not any(ord(c) < 32 and c != "\n" for c in message.text)
    assert len(message.text.splitlines()) == 8
    assert "\u202e" not in message.text


def test_output_that_is_too_long_loses_its_first_lines_and_says_how_many_there_were() -> None:
    lines = [f"{number} " + "x" * 5000 for number in range(500)]
    message = written(AlertKind.FAILED, FAILED | {"output_tail": lines, "output_lines": 500, "message": "m" * 100_000})
    assert len(message.text) <= MAX_BODY
    assert "Last 20 of 500 output lines:" in message.text
    assert "    499 x" in message.text


def test_markup_and_links_in_names_stay_text() -> None:
    message = written(AlertKind.MISSED, MISSED | {"slug": "a b/../<b>"}, pages=True)
    assert "https://mon.example/m/a%20b%2F..%2F%3Cb%3E" in message.text


def test_an_unknown_time_zone_falls_back_to_utc() -> None:
    assert "02:00 UTC" in written(AlertKind.MISSED, MISSED | {"timezone": "Mars/Olympus"}).title


def test_a_zone_without_a_name_shows_its_offset() -> None:
    assert "due 23:00 UTC-03" in written(AlertKind.MISSED, MISSED | {"timezone": "America/Sao_Paulo"}).title


def test_every_copy_of_an_alert_ends_with_the_same_short_name() -> None:
    first = written(AlertKind.MISSED, MISSED)
    again = written(AlertKind.MISSED, MISSED, at=MISSED["at"] + 9_000_000)
    assert first.text.endswith("Alert 5eed1234")
    assert again.text.endswith("Alert 5eed1234")


@rows("kind", AlertKind)
def test_every_kind_has_a_text_even_when_nothing_is_known(kind: AlertKind) -> None:
    message = written(kind, {})
    assert message.title
    assert message.text


def test_a_recovery_does_not_repeat_the_output_and_the_troubles_of_the_facts_it_came_with() -> None:
    text = written(AlertKind.RECOVERED, FAILED | RECOVERED | {"also_down": MISSED["also_down"]}).text
    assert "output" not in text
    assert "Also down" not in text


def test_links_of_another_project_name_it() -> None:
    facts = {**FAILED, "slug": "orders", "project": "shop", "incident_id": 7}
    letter = render(
        ALERT_ID, AlertKind.FAILED, facts, public_url="https://see.example", at=facts["at"], pages=True
    ).letter

    assert dict(letter.links) == {
        "Open": "https://see.example/m/orders?project=shop",
        "Silence": "https://see.example/i/7/silence?project=shop",
    }


@rows(
    ("kind", "label", "path"),
    [
        (AlertKind.DIGEST, "All", "/?state=trouble&project="),
        (AlertKind.REMINDER, "Acknowledge or silence", "/i?project="),
        (AlertKind.DEAD_LETTER, "Undelivered alerts", "/i?alerts=dead&project="),
        (AlertKind.REFUSED, "Monitors", "/?project="),
    ],
)
def test_alerts_about_many_link_every_project_that_they_are_about(kind: AlertKind, label: str, path: str) -> None:
    def links(facts: dict[str, Any]) -> dict[str, str]:
        site = "https://see.example"
        letter = render(ALERT_ID, kind, facts, public_url=site, at=FAILED["at"], pages=True).letter
        return {text: url.removeprefix(site) for text, url in letter.links}

    assert links({}) == {label: path[: path.index("project=") - 1]}
    assert links({"project": "shop"}) == {label: f"{path}shop"}
    assert links({"projects": ["default", "shop"]}) == {
        f"{label} of default": f"{path}default",
        f"{label} of shop": f"{path}shop",
    }
