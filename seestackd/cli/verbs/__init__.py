"""What the command line can ask for: each verb is one operation, run by the daemon or in process, with the same result.

A verb is called as `run(tx, call, at)` and returns JSON values only.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from seestackd.errors import Invalid
from seestackd.settings import Settings
from seestackd.store.interface import Transaction


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked, and the settings of the process that answers."""

    arguments: dict[str, Any]
    settings: Settings

    def text(self, name: str) -> str:
        """Return an argument that must be a text; raises Invalid."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            raise Invalid("must be a text; do the command line and the daemon have the same version?", field=name)
        return _storable(value, name)

    def optional(self, name: str) -> str | None:
        return None if self.arguments.get(name) is None else self.text(name)

    def given(self, name: str, otherwise: str) -> str:
        """Return a text, or something else when it is absent."""
        return otherwise if self.arguments.get(name) is None else self.text(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return an argument that is a list of texts, empty when absent; raises Invalid."""
        values = self.arguments.get(name) or []
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise Invalid("must be a list of texts", field=name)
        return tuple(_storable(value, name) for value in values)

    def flag(self, name: str, absent: bool | None = None) -> bool:
        """Return an argument that is yes or no; raises Invalid, also when it is absent and may not be."""
        value = self.arguments.get(name, absent)
        if not isinstance(value, bool):
            raise Invalid("must be true or false", field=name)
        return value

    def number(self, name: str) -> int:
        """Return an argument that must be a whole number; raises Invalid."""
        value = self.arguments.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Invalid("must be a whole number", field=name)
        return value


def _storable(text: str, name: str) -> str:
    """Return the text. Raises Invalid for bytes that are no UTF-8, which come here as surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid("is no UTF-8; type it in a terminal that is set to UTF-8", field=name) from None
    return text


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing to ask for; `reads` says that it changes nothing, `is_json` that it returns an object as JSON text."""

    run: Callable[[Transaction, Call, int], Any]
    reads: bool = False
    is_json: bool = False

    def text(self, tx: Transaction, call: Call, at: int) -> str:
        """Run it and return the result as JSON."""
        result = self.run(tx, call, at)
        return result if self.is_json else json.dumps(result)


def verbs() -> dict[str, Verb]:
    """Return every verb by its name on the wire."""
    from seestackd.cli.verbs import (
        alerts,
        badges,
        config,
        drift,
        erase,
        explain,
        importing,
        incidents,
        keys,
        maintenance,
        monitor_lists,
        monitors,
        passwords,
        projects,
        prune,
        upkeep,
    )

    nouns = (
        alerts, badges, config, drift, erase, explain, importing, incidents, keys, maintenance, monitor_lists, monitors,
        passwords, projects, prune, upkeep,
    )  # fmt: skip
    return {name: verb for noun in nouns for name, verb in noun.VERBS.items()}
