"""systemd's timers: what they come to as schedules, and drop-ins that report."""

from seestackd.core.timers import Timer, drop_in, span_ms, timer_of
from tests.rows import rows

MINUTE = 60_000
HOUR = 60 * MINUTE


def timer(text: str, service: str = "") -> Timer:
    return timer_of("backup.timer", "backup.service", f"[Unit]\nDescription=x\n[Timer]\n{text}\n", service, "UTC")


@rows(
    ("text", "length"),
    [("1h 30min", 90 * MINUTE), ("90", 90_000), ("2d", 48 * HOUR), ("1.5h", 90 * MINUTE), ("5min20s", 320_000),
     ("1w", 168 * HOUR), ("soon", None), ("", None), ("1h x", None), ("3 parsecs", None)],
)  # fmt: skip
def test_time_spans_are_systemds(text: str, length: int | None) -> None:
    assert span_ms(text) == length


@rows(
    ("text", "schedule", "grace_ms"),
    [
        ("OnCalendar=daily", "daily", 6 * MINUTE),
        ("OnCalendar=*-*-* 6,18:00\nRandomizedDelaySec=12h\nPersistent=true", "*-*-* 6,18:00", 12 * HOUR + 6 * MINUTE),
        ("OnCalendar=hourly\nAccuracySec=1us", "hourly", 5 * MINUTE),
        ("OnBootSec=15min\nOnUnitActiveSec=1d", "1d", 6 * MINUTE),
        ("OnCalendar=daily\nOnCalendar=\nOnCalendar=weekly", "weekly", 6 * MINUTE),
        ("# OnCalendar=daily\n; x\nOnCalendar = Mon \\\n 03:00", "Mon 03:00", 6 * MINUTE),
    ],
)
def test_a_timer_is_a_schedule_with_the_slack_that_it_has(text: str, schedule: str, grace_ms: int) -> None:
    found = timer(text)

    assert found.schedule is not None
    assert (" ".join(found.schedule.text.split()), found.grace_ms, found.slug) == (schedule, grace_ms, "backup")


@rows(
    "text",
    ["OnBootSec=5min", "", "OnCalendar=daily\nOnCalendar=weekly", "OnCalendar=daily\nOnUnitActiveSec=1h",
     "OnCalendar=no", "OnUnitActiveSec=never"],
)  # fmt: skip
def test_what_cannot_be_watched_says_why(text: str) -> None:
    found = timer(text)
    assert found.schedule is None
    assert found.problem


def test_a_service_that_reports_is_known() -> None:
    assert timer("OnCalendar=daily", "[Service]\nExecStart=/usr/bin/seestackd run a -- b").reports


def test_the_drop_in_reports_start_and_end_and_fails_nothing() -> None:
    text = drop_in(timer("OnCalendar=daily"), "/opt/seestackd/bin/seestackd", "file:/etc/key")

    assert "ExecStartPre=-/opt/seestackd/bin/seestackd ping backup start --key file:/etc/key\n" in text
    assert '[ "$$SERVICE_RESULT" = success ]' in text
    assert all(line.startswith(("#", "[Service]", "ExecStartPre=-", "ExecStopPost=-")) for line in text.splitlines())
