"""`seestackd import` as an operation: the tables come checked, and are checked again with the daemon's own settings."""

from dataclasses import replace
from typing import Any

from seestackd.cli.verbs import Call, Verb
from seestackd.errors import Invalid
from seestackd.monitors_file import of_reading
from seestackd.operations.declared import Difference
from seestackd.operations.importing import Import, bring_in, plan
from seestackd.reload import changes_of
from seestackd.settings.reading import Reading
from seestackd.store.interface import Transaction

MAX_MONITORS = 10_000


def planned(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Return what an import would add and change. Raises BadSettings, Invalid, Conflict."""
    return _changes(plan(tx, _wanted(call), at))


def imported(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Add and change monitors, and return which. Raises BadSettings, Invalid, Conflict, with nothing changed."""
    return _changes(bring_in(tx, _wanted(call), at))


def _wanted(call: Call) -> Import:
    tables, ping_ids = call.arguments.get("tables"), call.arguments.get("ping_ids")
    if not isinstance(tables, dict) or not isinstance(ping_ids, dict) or tables.keys() != ping_ids.keys():
        raise Invalid("must be a table for each monitor, and a ping id for each", field="tables")
    if len(tables) > MAX_MONITORS:
        raise Invalid(f"there are {len(tables):,} monitors in it; import {MAX_MONITORS:,} at most at once")
    reading = Reading({}, credentials=False, raw={"monitors": tables})
    return Import(tuple(replace(new, source="cli") for new in of_reading(reading, call.settings)), ping_ids)


def _changes(difference: Difference) -> dict[str, Any]:
    return {**changes_of(difference), "settings": [], "restart": []}


VERBS = {
    "monitor.plan": Verb(planned, reads=True),
    "monitor.import": Verb(imported),
}
