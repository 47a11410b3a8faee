"""`seestackd key …`."""

from argparse import Namespace
from typing import Any

from seestackd.cli.asking import add_yes, confirm
from seestackd.cli.client import ask
from seestackd.cli.failures import Exit

SCOPES = ("ingest", "ping", "read", "admin")


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    verbs = commands.add_parser("key", help="create, list and revoke keys").add_subparsers(
        required=True, metavar="VERB"
    )
    create = verbs.add_parser("create", help="create a key and print it; it is shown this once")
    create.add_argument("name", metavar="NAME", help="who will use it")
    create.add_argument("--scope", choices=SCOPES, default="ingest", help="what it may do (default: ingest)")
    create.add_argument("--project", metavar="SLUG", help="the project it belongs to (default: default)")
    create.add_argument("--json", action="store_true", help="for scripts, the key as `secret`")
    create.set_defaults(command=_create)
    listed = verbs.add_parser("ls", help="list the keys, without their secrets")
    listed.add_argument("--json", action="store_true", help="for scripts")
    listed.add_argument("-q", "--quiet", action="store_true", help="ids only")
    listed.set_defaults(command=_list)
    revoke = verbs.add_parser("revoke", help="revoke a key at once")
    revoke.add_argument("key", metavar="KEY", help="its name, uid or the first characters of the key")
    add_yes(revoke)
    revoke.set_defaults(command=_revoke)


def _create(options: Namespace) -> int:
    import secrets

    from seestackd.cli.output import said
    from seestackd.core.keys import RANDOM_BYTES, make_secret

    secret = make_secret(secrets.token_bytes(RANDOM_BYTES))
    key = ask(options, "key.create", name=options.name, scope=options.scope, secret=secret, project=options.project)
    said(options, {**key, "secret": secret}, secret)
    return Exit.OK


def _list(options: Namespace) -> int:
    from seestackd.cli.output import NOTHING, ago, listed

    answer = ask(options, "key.ls")
    found = answer["keys"]

    def used(key: dict[str, Any]) -> str:
        return (
            f"{ago(key['last_used_at'], answer['at'])}{', ' + key['last_used_from'] if key['last_used_from'] else ''}"
        )

    listed(
        options,
        answer,
        [key["uid"] for key in found],
        ("NAME", "KEY", "SCOPE", "PROJECT", "STATE", "LAST USED", "CREATED"),
        lambda: [
            (
                key["name"], f"{key['prefix']}…", key["scope"], key["project"],
                "revoked" if key["revoked_at"] else "active", used(key), (key["created_at"] or NOTHING)[:10],
            )
            for key in found
        ],
        "There are no keys; create one with: seestackd key create NAME",
    )  # fmt: skip
    return Exit.OK


def _revoke(options: Namespace) -> int:
    confirm(options, f"Revoke {options.key}?", "what reports with a revoked key is refused from then on")
    key = ask(options, "key.revoke", key=options.key)
    print(f"{key['name']} ({key['prefix']}…) is revoked.")
    return Exit.OK
