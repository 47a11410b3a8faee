"""`seestackd spool`: what could not be reported yet."""

from argparse import Namespace
from typing import Any

from seestackd.cli.failures import Exit, Failure
from seestackd.core.instants import iso

_TIMEOUT_S = 5.0


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    verbs = commands.add_parser("spool", help="reports that could not be sent yet").add_subparsers(
        required=True, metavar="VERB"
    )
    listed = verbs.add_parser("ls", help="list them, oldest first")
    listed.add_argument("--json", action="store_true", help="for scripts")
    listed.set_defaults(command=_list)
    verbs.add_parser("flush", help="send them now").set_defaults(command=_flush)


def _list(options: Namespace) -> int:
    from seestackd.cli.output import ago, as_json, note, table
    from seestackd.clock import Clock

    spool = _spool()
    now = iso(Clock().now())
    found = [_described(spool, name) for name in spool.names()] + [
        {"file": name, "state": name.rpartition(".")[2]} for name in spool.set_aside()
    ]
    if options.json:
        as_json({"at": now, "folder": str(spool.folder), "reports": found})
    elif found:
        rows = [
            (one["state"], one.get("slug", "-"), one.get("what", "-"), ago(one.get("at"), now), one["file"])
            for one in found
        ]
        table(("STATE", "MONITOR", "WHAT", "HAPPENED", "FILE"), rows)
        note(f"in {spool.folder}; those that wait are sent by the next run, or with: seestackd spool flush")
    else:
        note(f"Nothing waits in {spool.folder}.")
    return Exit.OK


def _flush(options: Namespace) -> int:
    from seestackd.cli.wrapper.backlog import flush
    from seestackd.clock import Clock

    spool = _spool()
    result = flush(spool, Clock(), _TIMEOUT_S, lambda: False)
    if result.busy:
        raise Failure("another process is sending what waits; try again when it has ended")
    waiting = len(spool.names())
    print(f"{result.sent} sent, {waiting} waiting, {result.refused} refused, {result.broken} broken")
    if result.dropped:
        print(f"{result.dropped} dropped: older than 7 days, which the daemon does not take")
    if not result.troubles:
        return Exit.OK
    code = Exit.UNREACHABLE if waiting else Exit.FAILED
    raise Failure("; ".join(dict.fromkeys(result.troubles)), code)


def _spool() -> Any:
    from seestackd.cli.wrapper.spool import NoSpool, Spool

    try:
        return Spool.find()
    except NoSpool as error:
        raise Failure(f"no folder can be used ({error}); name one in SEESTACKD_SPOOL") from None


def _described(spool: Any, name: str) -> dict[str, Any]:
    from seestackd.cli.wrapper.spool import Broken

    try:
        report = spool.read(name).report
    except (Broken, OSError):
        return {"file": name, "state": "broken"}
    return {
        "file": name,
        "state": "waiting",
        "slug": report.slug,
        "what": report.action or "ok",
        "at": iso(report.at),
        "output_bytes": len(report.output),
    }
