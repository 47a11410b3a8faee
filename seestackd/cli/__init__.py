"""The command line: `seestackd NOUN VERB`. Nothing is imported here: `seestackd run` has to start its job at once."""

import sys

_BEFORE_COMMAND = ("--config", "--data", "--color")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    given = from_command(arguments)
    if given[:1] == ["run"]:
        from seestackd.cli.run import run

        return run(given[1:])
    from seestackd.cli.commands import dispatch

    return dispatch(arguments)


def from_command(arguments: list[str]) -> list[str]:
    """Return the arguments from the command's name on."""
    rest = arguments
    while rest and rest[0].startswith("-"):
        if rest[0] in _BEFORE_COMMAND:
            rest = rest[2:]
        elif rest[0].startswith(tuple(f"{name}=" for name in _BEFORE_COMMAND)):
            rest = rest[1:]
        else:
            break
    return rest
