"""How the daemon's log looks: lines for people on a terminal, one JSON record per line for everybody else."""

import json
import logging
import os
import sys

from seestackd.cli.visible import visible
from seestackd.core.instants import iso

_TEXT = "%(asctime)s %(levelname)-8s %(name)s: %(message)s"


class JsonLines(logging.Formatter):
    """One record, one line: whatever a message holds, it can neither end the line nor begin another."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a JSON object in ASCII."""
        at = iso(int(record.created * 1000))
        said = {"at": at, "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said)


class Lines(logging.Formatter):
    """For people: what is not printable is escaped, so that nobody's text moves the cursor or pretends to be a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line, and below it the traceback if there is one."""
        text = super().format(record)
        return "\n".join(map(visible, text.split("\n")))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is the library's
        """Return the first line."""
        return super().formatMessage(record).replace("\n", "\\n").replace("\r", "\\r")


def under_journald() -> bool:
    """Whether systemd reads what is written to standard error."""
    return "JOURNAL_STREAM" in os.environ


def set_up() -> None:
    """Write the log to standard error, in the form that its reader takes."""
    handler = logging.StreamHandler(sys.stderr)
    for_people = sys.stderr.isatty() and not under_journald()
    handler.setFormatter(Lines(_TEXT) if for_people else JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
