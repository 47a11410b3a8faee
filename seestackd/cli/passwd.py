"""`seestackd passwd`."""

import sys
from argparse import Namespace
from typing import Any

from seestackd.cli.client import ask
from seestackd.cli.failures import Exit, Failure


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("passwd", help="set the password of the dashboard")
    command.add_argument("--remove", action="store_true", help="have none: then only this machine gets in")
    command.set_defaults(command=_passwd)


def _passwd(options: Namespace) -> int:
    import secrets

    from seestackd.core.passwords import SALT_BYTES, check_new, hashed

    if options.remove:
        said = ask(options, "password.set", hash=None)
        print(
            "The password is removed: the dashboard is open to this machine only."
            if said["before"]
            else "None was set."
        )
        return Exit.OK
    ask(options, "password.set", hash=hashed(check_new(_typed()), secrets.token_bytes(SALT_BYTES)))
    print("The password is set; whoever was logged in is not any more.")
    return Exit.OK


def _typed() -> str:
    """Ask twice at a terminal, else read one line."""
    from getpass import getpass

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass("New password: ")
    if getpass("Once more: ") != password:
        raise Failure("the two are not the same; nothing is changed")
    return password
