"""`seestackd monitor …`."""

import json
from argparse import Namespace
from typing import Any

from seestackd.cli import monitor_rules
from seestackd.cli.asking import add_yes, confirm
from seestackd.cli.client import ask, ask_text
from seestackd.cli.failures import Exit
from seestackd.cli.incident import add_end

TROUBLE = frozenset({"missed", "failed", "overrun"})
STATES = ("trouble", "late", "running", "paused", "ok")


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    nouns = commands.add_parser("monitor", help="add, list, show, change, pause and remove monitors")
    verbs = nouns.add_subparsers(required=True, metavar="VERB")
    monitor_rules.add_to(verbs)
    listed = verbs.add_parser("ls", help="list the monitors, trouble first")
    listed.add_argument("--json", action="store_true", help="for scripts")
    listed.add_argument("-q", "--quiet", action="store_true", help="slugs only")
    listed.add_argument("--state", choices=STATES, help="only monitors in this state")
    listed.add_argument("--tag", metavar="TAG", help="only monitors with this tag")
    listed.add_argument("--fail", action="store_true", help="exit with 5 when a listed monitor is in trouble")
    listed.set_defaults(command=_list)
    show = verbs.add_parser("show", help="show one monitor")
    show.add_argument("slug", metavar="SLUG")
    show.add_argument("--json", action="store_true", help="for scripts")
    show.set_defaults(command=_show)
    pause = verbs.add_parser("pause", help="stop watching; an open incident closes quietly")
    pause.add_argument("slug", metavar="SLUG")
    add_end(pause, required=False)
    pause.add_argument("--json", action="store_true", help="for scripts")
    pause.set_defaults(command=_pause)
    resume = verbs.add_parser("resume", help="watch again")
    resume.add_argument("slug", metavar="SLUG")
    resume.add_argument("--json", action="store_true", help="for scripts")
    resume.set_defaults(command=_resume)
    remove = verbs.add_parser("rm", help="delete a monitor with its history")
    remove.add_argument("slug", metavar="SLUG")
    add_yes(remove)
    remove.set_defaults(command=_remove)


def _list(options: Namespace) -> int:
    which = {"state": options.state, "tag": options.tag}
    if options.json:
        from seestackd.cli.output import as_it_came

        text = ask_text(options, "monitor.ls", **which)
        as_it_came(text)
        statuses = [monitor["status"] for monitor in json.loads(text)["monitors"]] if options.fail else []
    else:
        answer = ask(options, "monitor.table", **which)
        _print_lines(options, answer)
        statuses = [line[1] for line in answer["lines"]]
    return Exit.TROUBLE if options.fail and not TROUBLE.isdisjoint(statuses) else Exit.OK


def _print_lines(options: Namespace, answer: dict[str, Any]) -> None:
    from seestackd.cli.output import lasting, note, since, table, until

    lines, now = answer["lines"], answer["at"]
    if options.quiet:
        print("".join(f"{line[0]}\n" for line in lines), end="")
    elif lines:
        rows = [
            (
                _shown(status, running), slug, f"{schedule} (cannot be read)" if problem else schedule,
                since(pinged, now), until(due, now), lasting(took),
            )
            for slug, status, running, schedule, pinged, due, took, problem in lines
        ]  # fmt: skip
        table(("STATUS", "MONITOR", "SCHEDULE", "LAST PING", "NEXT DUE", "DURATION"), rows)
    elif not answer["of"]:
        note("There are no monitors; add one with: seestackd monitor add SLUG --schedule 1d")


def _show(options: Namespace) -> int:
    from seestackd.cli.output import NOTHING, ago, as_json, due, facts, lasting

    monitor = ask(options, "monitor.show", slug=options.slug)
    if options.json:
        as_json(monitor)
        return Exit.OK
    now = monitor["at"]
    facts(
        [
            ("Monitor", monitor["slug"] + (f" ({monitor['name']})" if monitor["name"] != monitor["slug"] else "")),
            ("Status", _shown(monitor["status"], monitor["running"])),
            ("Schedule", f"{monitor['schedule']} ({monitor['timezone']})"),
            *([("Problem", monitor["schedule_problem"])] if monitor["schedule_problem"] else []),
            ("Grace", lasting(monitor["grace_ms"])),
            ("Max runtime", lasting(monitor["max_runtime_ms"])),
            *_unusual(monitor),
            ("Next due", f"{monitor['expected_at'] or NOTHING} ({due(monitor['expected_at'], now)})"),
            ("Last ping", f"{monitor['last_ping_at'] or NOTHING} ({ago(monitor['last_ping_at'], now)})"),
            ("Last ok", f"{monitor['last_ok_at'] or NOTHING} ({ago(monitor['last_ok_at'], now)})"),
            ("Last duration", lasting(monitor["last_duration_ms"])),
            ("Alerts to", ", ".join(monitor["channels"]) or "nobody: no channel is set"),
            ("Tags", ", ".join(monitor["tags"]) or NOTHING),
            *(("Ping URL", url) for url in monitor["ping_urls"]),
            ("Badge", monitor["badge_url"]),
        ]
    )
    return Exit.OK


def _unusual(monitor: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the rules that are not as they are for everybody."""
    from seestackd.cli.output import lasting

    rules = []
    if monitor["paused_until"]:
        rules.append(("Paused until", monitor["paused_until"]))
    if monitor["overlap"]:
        rules.append(("Overlap", "runs may overlap"))
    if monitor["failures_before_alert"] > 1:
        rules.append(("Alerts after", f"{monitor['failures_before_alert']} bad runs in a row"))
    if monitor["successes_before_recovery"] > 1:
        rules.append(("Recovers after", f"{monitor['successes_before_recovery']} good runs in a row"))
    if monitor["slow_factor"]:
        rules.append(("Slow above", f"{monitor['slow_factor']:g} x the usual duration"))
    if monitor["remind_every_ms"]:
        rules.append(("Reminds every", lasting(monitor["remind_every_ms"])))
    if monitor["public"]:
        rules.append(("Status page", f"as {monitor['public_name'] or monitor['name']}"))
    if not monitor["watch_from_creation"]:
        rules.append(("Watched", "from its first report on"))
    return rules


def _pause(options: Namespace) -> int:
    from seestackd.cli.output import said

    arguments = {"for": options.lasting, "until": options.until}
    monitor = ask(options, "monitor.pause", slug=options.slug, **arguments)
    until = f"until {monitor['paused_until']}" if monitor["paused_until"] else "until it is resumed"
    said(options, monitor, f"{options.slug} is paused {until}.")
    return Exit.OK


def _resume(options: Namespace) -> int:
    from seestackd.cli.output import due, said

    monitor = ask(options, "monitor.resume", slug=options.slug)
    expected = f", expected {due(monitor['expected_at'], monitor['at'])}" if monitor["expected_at"] else ""
    said(options, monitor, f"{options.slug} is watched again{expected}.")
    return Exit.OK


def _remove(options: Namespace) -> int:
    what = f"{options.slug} with its history"
    confirm(options, f"Delete {what}?", f"monitor rm deletes {what}")
    ask(options, "monitor.rm", slug=options.slug)
    print(f"{options.slug} is removed.")
    return Exit.OK


def _shown(status: str, running: bool) -> str:
    status = "ok" if status == "healthy" else status
    return f"{status}, running" if running else status
