"""`seestackd explain`."""

from argparse import Namespace
from datetime import datetime
from typing import Any

from seestackd.cli.client import ask
from seestackd.cli.failures import Exit


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("explain", help="say when a monitor is due, who is told what, and why it is as it is")
    command.add_argument("slug", metavar="SLUG")
    command.add_argument("--json", action="store_true", help="for scripts")
    command.set_defaults(command=_explain)


def _explain(options: Namespace) -> int:
    from seestackd.cli.output import as_json

    said = ask(options, "explain", slug=options.slug)
    if options.json:
        as_json(said)
        return Exit.OK
    _now(said)
    _expected(said)
    _clock_changes(said)
    _told(said)
    _last(said)
    for hint in said["hints"]:
        print(f"\nHint: {hint}")
    return Exit.OK


def _now(said: dict[str, Any]) -> None:
    from seestackd.cli.output import ago, due, facts, lasting

    monitor, now, incident = said["monitor"], said["at"], said["incident"]
    status = "ok" if monitor["status"] == "healthy" else monitor["status"]
    pairs = [
        ("Monitor", f"{monitor['slug']}, {status}"),
        ("Schedule", f"{monitor['schedule']} ({monitor['timezone']}): {said['in_words']}"),
        ("Grace", lasting(monitor["grace_ms"])),
    ]
    pairs += [
        ("Running", f"started {ago(run['started_at'], now)}, limit {due(run['limit_at'], now)}")
        for run in said["running"]
        if not run["overran"]
    ]
    if incident is not None:
        taken = f", acknowledged by {incident['acked_by']}" if incident["acked_at"] else ""
        pairs.append(
            ("Incident", f"{incident['id']} ({incident['kind']}) began {ago(incident['began_at'], now)}{taken}")
        )
    if monitor["paused_until"]:
        pairs.append(("Paused", f"ends {due(monitor['paused_until'], now)}"))
    for window in said["windows"]:
        when = f"on, ends {due(window['next_ends_at'], now)}" if window["on"] else due(window["next_starts_at"], now)
        pairs.append(("Maintenance", f"{window['title']}: {when}"))
    facts(pairs)


def _expected(said: dict[str, Any]) -> None:
    monitor = said["monitor"]
    print()
    if said["coming"]:
        _times(said["coming"], monitor["timezone"])
    elif monitor["status"] == "paused":
        print(f"Nothing is expected while it is paused; resume it with: seestackd monitor resume {monitor['slug']}")
    elif not monitor["watch_from_creation"] and monitor["last_ping_at"] is None:
        print("Nothing is expected before its first report.")
    else:
        print("Nothing is expected: no slot is to come.")


def _times(slots: list[dict[str, Any]], timezone: str) -> None:
    from seestackd.cli.output import table

    utc = timezone != "UTC"
    rows = []
    for slot in slots:
        row = [_local(slot["expected_local"]), _local(slot["deadline_local"])]
        row += [_utc(slot["expected_at"]), _utc(slot["deadline_at"])] if utc else []
        rows.append([*row, f"skipped: {slot['reason']}" if slot["reason"] else ""])
    head = ["EXPECTED", "DEADLINE", *(["EXPECTED UTC", "DEADLINE UTC"] if utc else []), ""]
    table(head, rows)


def _local(text: str) -> str:
    """Write "2026-03-29T03:00:00+02:00 CEST" as "Sun 2026-03-29 03:00 CEST"; seconds only where there are any."""
    written, zone = text.split(" ", 1)
    return f"{datetime.fromisoformat(written):%a} {written[:10]} {_clock(written)} {zone}"


def _utc(iso: str) -> str:
    return f"{iso[:10]} {_clock(iso)}"


def _clock(iso: str) -> str:
    return iso[11:19].removesuffix(":00")


def _clock_changes(said: dict[str, Any]) -> None:
    from seestackd.cli.output import lasting

    for change in said["clock_changes"]:
        direction = "forward" if change["moves_ms"] > 0 else "back"
        print(f"\nThe clocks go {direction} {lasting(abs(change['moves_ms']))}, then it is {_local(change['local'])}:")
        if change["around"]:
            _times(change["around"], said["monitor"]["timezone"])
        else:
            print("nothing is expected in that night.")


def _told(said: dict[str, Any]) -> None:
    from seestackd.cli.output import lasting, table

    print()
    if not said["monitor"]["channels"] and not said["escalation"]:
        print("Nobody is told: no channel is set.")
        return
    whens = _whens(said)
    rows = [[told["kind"], whens[told["kind"]], _who(told["channels"])] for told in said["told"]]
    for step in said["escalation"]:
        when = f"{lasting(step['after_ms'])} after the opening, unless acknowledged"
        rows.append(["escalation", when, ", ".join(step["channels"])])
    table(("TOLD", "WHEN", "TO"), rows)
    print(f"Channels: {said['channels_from']}")


def _whens(said: dict[str, Any]) -> dict[str, str]:
    from seestackd.cli.output import lasting

    monitor = said["monitor"]
    bad, good, every = (
        monitor["failures_before_alert"],
        monitor["successes_before_recovery"],
        monitor["remind_every_ms"],
    )
    streak = f", {bad} bad runs in a row" if bad > 1 else ""
    daily = f"daily at 09:00 ({said['reminders_in']}), at the earliest 12 h after the opening"
    return {
        "missed": f"at the deadline{streak}",
        "failed": f"at once{streak}",
        "overrun": f"a run goes on for {lasting(said['run_limit_ms'])}{streak}",
        "unknown": "three runs in a row that could not have been heard",
        "slow": f"a run takes more than {monitor['slow_factor'] or 0:g} x the usual",
        "reminder": f"every {lasting(every)}" if every else daily,
        "recovered": f"{good} good runs in a row" if good > 1 else "at once",
    }


def _who(channels: list[dict[str, Any]]) -> str:
    names = []
    for channel in channels:
        plain = channel["told"] and channel["not_before"] is None
        names.append(channel["channel"] if plain else f"{channel['channel']} ({_but(channel)})")
    return ", ".join(names) or "nobody"


def _but(channel: dict[str, Any]) -> str:
    return str(channel["reason"]) if channel["told"] else f"not: {channel['reason']}"


def _last(said: dict[str, Any]) -> None:
    from seestackd.cli.output import table

    print()
    if not said["last_slots"]:
        print("No slot has ended yet.")
        return
    rows = []
    for slot in said["last_slots"]:
        more = f" to {_local(slot['last_local'])}, {slot['count']}{'+' if slot['more'] else ''}"
        rows.append(
            [_local(slot["first_local"]) + (more if slot["count"] > 1 else ""), slot["outcome"], slot["reason"]]
        )
    table(("SLOT", "ENDED", "WHY"), rows)
