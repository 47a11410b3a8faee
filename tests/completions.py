"""The scripts that shells complete our commands by: `python -m tests.completions` writes them from the parser."""

import shtab

from seestackd.cli.commands import parser
from seestackd.cli.completion import SCRIPTS, SHELLS


def script(shell: str) -> str:
    """Return the script for a shell, as the commands are now."""
    complete: str = shtab.complete(parser(), shell=shell)
    return "\n".join(line.rstrip() for line in complete.splitlines()) + "\n"


if __name__ == "__main__":
    SCRIPTS.mkdir(exist_ok=True)
    for name in SHELLS:
        (SCRIPTS / f"seestackd.{name}").write_text(script(name), encoding="utf-8")
