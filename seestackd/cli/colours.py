"""Whether what is printed may have colours; they never say what words do not."""

import os
from typing import TextIO

CHOICES = ("auto", "always", "never")
PLAIN = "\x1b[0m"
_RED, _YELLOW, _GREEN, _BLUE, _GREY = (f"\x1b[{code}m" for code in (31, 33, 32, 34, 90))
_OF = {
    **dict.fromkeys(("missed", "failed", "overrun", "dead", "broken", "refused"), _RED),
    **dict.fromkeys(("late", "slow", "unknown", "pending", "waiting", "open"), _YELLOW),
    **dict.fromkeys(("ok", "healthy", "delivered", "active"), _GREEN),
    **dict.fromkeys(("running",), _BLUE),
    **dict.fromkeys(("paused", "archived", "revoked", "skipped", "superseded"), _GREY),
}
_chosen = "auto"


def choose(choice: str) -> None:
    """Set what --color asks for, for this process."""
    global _chosen
    _chosen = choice


def wanted(stream: TextIO | None) -> bool:
    """Whether the stream gets colours: a terminal that has them, unless NO_COLOR (no-color.org) is set."""
    if stream is None or _chosen == "never":
        return False
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return _chosen == "always" or (not plain and stream.isatty())


def painted(cell: str) -> str:
    """Return a state in its colour; other words as they are."""
    colour = _OF.get(cell.split(",")[0].split(" ")[0])
    return f"{colour}{cell}{PLAIN}" if colour else cell
