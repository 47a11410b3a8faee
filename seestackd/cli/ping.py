"""`seestackd ping`: one report, for scripts."""

import sys
from argparse import Namespace
from typing import Any

from seestackd.cli.failures import Exit, Failure
from seestackd.cli.wrapper.options import DEFAULT_OUTPUT, Usage, check_key, check_slug, check_url

_ACTIONS = {"ok": "", "start": "start", "fail": "fail", "log": "log"}
_TIMEOUT_S = 5.0
_PAUSES_S = (0.3, 1.0)
_CHUNK = 65_536
_MAX_SECONDS = 7 * 86_400


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("ping", help="report something about a job, from a script")
    command.add_argument("slug", metavar="SLUG", help="the monitor's name, such as nightly-backup")
    command.add_argument(
        "what", metavar="WHAT", nargs="?", default="ok", help="ok (default), start, fail, log or an exit code, 0 to 255"
    )
    command.add_argument("--rid", metavar="UUID", help="names the run that a start and an end belong to")
    command.add_argument("--duration", metavar="SECONDS", help="how long it took, such as 12.5")
    command.add_argument("--message", metavar="TEXT", help="a sentence for people")
    command.add_argument(
        "--output", metavar="FILE", help=f"report the end of this file ({DEFAULT_OUTPUT} bytes; -: stdin)"
    )
    command.add_argument("--key", metavar="file:PATH", help="file that holds the key (default: SEESTACKD_PING_KEY)")
    command.add_argument("--url", metavar="URL", help="the daemon's address (default: SEESTACKD_URL)")
    command.add_argument("--create", action="store_true", help="add the monitor when it does not exist")
    command.add_argument("--schedule", metavar="WHEN", help="with --create: when the job runs")
    command.add_argument("--tz", metavar="ZONE", help="with --create: zone of the schedule")
    command.add_argument("--grace", metavar="TIME", help="with --create: how late it may be")
    command.set_defaults(command=ping)


def ping(options: Namespace) -> int:
    """Send one report; what cannot be sent is kept, and the exit code is 4."""
    from seestackd.cli.wrapper.reports import NoTarget, Report, target_of
    from seestackd.clock import Clock

    action, fields = _checked(options)
    clock = Clock()
    output = b"" if options.output is None else _end_of(options.output)
    try:
        target = target_of(options.url, options.key)
        target.key()
    except NoTarget as error:
        raise Failure(str(error)) from None
    _deliver(target, Report(options.slug, action, clock.now(), fields, output), clock)
    return Exit.OK


def _checked(options: Namespace) -> tuple[str, dict[str, str]]:
    """Return the action and the fields of the report. Raises Failure for what nobody could take."""
    import socket
    from uuid import UUID, uuid4

    try:
        check_slug(options.slug)
        if options.key is not None:
            check_key(options.key)
        if options.url is not None:
            check_url(options.url)
        fields = {"eventId": str(uuid4()), "host": socket.gethostname(), **_creation(options)}
        if options.rid:
            fields["rid"] = str(UUID(options.rid))
        if options.duration:
            fields["durationMs"] = str(_milliseconds(options.duration))
        if options.message:
            fields["message"] = options.message
        return _action(options.what), fields
    except Usage as error:
        raise Failure(f"ping: {error}", Exit.USAGE) from None
    except ValueError:
        raise Failure("ping: --rid must be a UUID; make one with uuidgen", Exit.USAGE) from None


def _creation(options: Namespace) -> dict[str, str]:
    wishes = {"schedule": options.schedule, "timezone": options.tz, "grace": options.grace}
    given = {name: wish for name, wish in wishes.items() if wish}
    if given and not options.create:
        raise Usage("--schedule, --tz and --grace count only when the monitor is made; add --create, or leave them out")
    return {"create": "1", **given} if options.create else {}


def _action(what: str) -> str:
    if what in _ACTIONS:
        return _ACTIONS[what]
    if what.isascii() and what.isdigit() and len(what) <= 3 and int(what) <= 255:
        return str(int(what))
    raise Usage(f'WHAT must be ok, start, fail, log or an exit code from 0 to 255; "{what[:40]}" is none of them')


def _milliseconds(text: str) -> int:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _MAX_SECONDS:
        raise Usage(f"--duration is a number of seconds from 0 to {_MAX_SECONDS}, such as 12.5")
    return round(seconds * 1000)


def _end_of(name: str) -> bytes:
    from seestackd.cli.wrapper.streams import Tail

    tail = Tail(DEFAULT_OUTPUT)
    try:
        with sys.stdin.buffer if name == "-" else open(name, "rb") as file:
            while piece := file.read(_CHUNK):
                tail.add(piece)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", error)
        raise Failure(f"--output {name} cannot be read: {reason}; nothing was sent") from None
    return tail.text()


def _deliver(target: Any, report: Any, clock: Any) -> None:
    """Send the report, or keep it. Raises Failure for one that did not arrive."""
    import time

    from seestackd.cli.wrapper.sending import Refused, Unreachable, send
    from seestackd.cli.wrapper.spool import NoSpool, Spool

    for pause in (*_PAUSES_S, None):
        try:
            return send(target, report, clock.now(), _TIMEOUT_S)
        except Refused as error:
            raise Failure(str(error)) from None
        except Unreachable as error:
            reason = str(error)
        if pause is not None:
            time.sleep(pause)
    try:
        Spool.find().put(target, report)
    except (NoSpool, OSError) as error:
        lost = getattr(error, "strerror", None) or error
        raise Failure(f"{target.url}: {reason}; not kept for later either: {lost}", Exit.UNREACHABLE) from None
    raise Failure(f"{target.url}: {reason}; kept, and sent by the next run or: seestackd spool flush", Exit.UNREACHABLE)
