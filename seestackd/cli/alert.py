"""`seestackd alert …`."""

import getpass
import time
from argparse import Namespace
from typing import Any

from seestackd.cli.arguments import whole_number
from seestackd.cli.client import ask, daemon_runs
from seestackd.cli.failures import Exit, Failure

SETTLED_WITHIN_S = 60
_PAUSE_S = 0.2


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    verbs = commands.add_parser("alert", help="test channels, list alerts, send them again").add_subparsers(
        required=True, metavar="VERB"
    )
    test = verbs.add_parser("test", help="send a test message and say what became of it")
    test.add_argument("channel", metavar="CHANNEL", help="a name from [channels] in the settings")
    test.set_defaults(command=_test)
    preview = verbs.add_parser("preview", help="print what an alert of a kind says, from made-up facts")
    preview.add_argument("kind", metavar="KIND", help="missed, failed, recovered, digest and others")
    preview.add_argument("--format", choices=("text", "markdown", "html", "all"), default="text", help="default: text")
    preview.set_defaults(command=_preview)
    ack = verbs.add_parser("ack", help="put an alert that was given up out of sight")
    ack.add_argument("id", type=whole_number, metavar="ID", help="its number in `seestackd alert ls`")
    ack.add_argument("--json", action="store_true", help="for scripts")
    ack.set_defaults(command=_ack)
    resend = verbs.add_parser("resend", help="send an alert that was given up again")
    resend.add_argument("id", type=whole_number, metavar="ID", help="its number in `seestackd alert ls`")
    resend.add_argument("--json", action="store_true", help="for scripts")
    resend.set_defaults(command=_resend)
    listed = verbs.add_parser("ls", help="list the newest alerts and whether they arrived")
    listed.add_argument("--json", action="store_true", help="for scripts")
    listed.add_argument("-q", "--quiet", action="store_true", help="numbers only")
    listed.set_defaults(command=_list)


def _test(options: Namespace) -> int:
    if not daemon_runs(options):
        raise Failure("the daemon sends alerts, and it does not run; start it with: seestackd serve", Exit.UNREACHABLE)
    alert_id = ask(options, "alert.test", channel=options.channel, sent_by=getpass.getuser())["id"]
    for _ in range(int(SETTLED_WITHIN_S / _PAUSE_S)):
        alert = ask(options, "alert.show", id=alert_id)
        if alert["attempts"]:
            return _told(options.channel, alert)
        time.sleep(_PAUSE_S)
    raise Failure(f"{options.channel} has not answered within {SETTLED_WITHIN_S} s; see: seestackd alert ls")


def _told(channel: str, alert: dict[str, Any]) -> int:
    attempt = alert["attempts"][-1]
    if attempt["result"] != "delivered":
        raise Failure(f"{channel} did not take the message: {attempt['error'] or 'no reason given'}; check its URL")
    print(f"delivered to {channel} in {attempt['duration_ms']} ms")
    return Exit.OK


def _preview(options: Namespace) -> int:
    from seestackd.core.incidents import AlertKind
    from seestackd.delivery.examples import ALERT_ID, EXAMPLES, PUBLIC_URL
    from seestackd.delivery.forms import Form
    from seestackd.delivery.messages import render

    kinds = {kind.value.replace("_", "-"): kind for kind in AlertKind}
    kind = kinds.get(options.kind.lower().replace("_", "-"))
    if kind is None:
        raise Failure(f"there is no kind {options.kind}; there are {', '.join(sorted(kinds))}", Exit.USAGE)
    facts = EXAMPLES[kind]
    message = render(ALERT_ID, kind, facts, public_url=PUBLIC_URL, at=facts["at"])
    if options.format in ("text", "all"):
        print(f"Subject: {message.title}\n")
    forms = list(Form) if options.format == "all" else [Form(options.format)]
    print("\n\n".join(message.body(form) for form in forms))
    return Exit.OK


def _ack(options: Namespace) -> int:
    from seestackd.cli.output import said

    said(options, ask(options, "alert.ack", id=options.id), f"alert {options.id} is acknowledged")
    return Exit.OK


def _resend(options: Namespace) -> int:
    from seestackd.cli.output import said

    again = ask(options, "alert.resend", id=options.id)
    said(options, again, f"queued again as alert {again['id']} to {again['channel']}; see: seestackd alert ls")
    return Exit.OK


def _list(options: Namespace) -> int:
    from seestackd.cli.output import NOTHING, ago, listed

    answer = ask(options, "alert.ls")
    found = answer["alerts"]
    listed(
        options,
        answer,
        [each["id"] for each in found],
        ("ID", "RAISED", "KIND", "ABOUT", "CHANNEL", "STATE", "TRIES", "RESULT"),
        lambda: [
            (
                str(each["id"]), ago(each["created_at"], answer["at"]), each["kind"], each["about"] or NOTHING,
                each["channel"], each["state"], str(each["attempts_made"]), each["result"] or NOTHING,
            )
            for each in found
        ],
        "No alert has been raised yet; try: seestackd alert test CHANNEL",
    )  # fmt: skip
    return Exit.OK
