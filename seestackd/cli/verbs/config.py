"""`seestackd config diff` and `export` as operations."""

from typing import Any

from seestackd.cli.verbs import Call, Verb
from seestackd.cli.verbs.instants import iso
from seestackd.cli.verbs.monitors import project_of
from seestackd.core.durations import exact_duration
from seestackd.core.monitor import Monitor, Rules
from seestackd.operations.declared import compare
from seestackd.operations.monitors import ListMonitors, listed
from seestackd.reload import changes_of
from seestackd.store.interface import Transaction

_PLAIN = (
    "overlap", "watch_from_creation", "failures_before_alert", "successes_before_recovery", "slow_factor", "public",
    "public_name",
)  # fmt: skip


def diff(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Return what the monitors of the files would change: the daemon reads its own files instead. Raises Invalid."""
    return {**changes_of(compare(tx, call.arguments["monitors"], at)), "settings": [], "restart": []}


def exported(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Return every monitor with what a file would say of it."""
    views = listed(tx, ListMonitors(project_of(tx)), at)
    found = {view.monitor.slug: view.monitor for view in views}
    return {
        "at": iso(at),
        "monitors": {slug: _table(monitor) for slug, monitor in found.items()},
        "problems": {slug: monitor.schedule.problem for slug, monitor in found.items() if monitor.schedule.problem},
    }


def _table(monitor: Monitor) -> dict[str, Any]:
    rules, usual = monitor.rules, Rules()
    table: dict[str, Any] = {"schedule": monitor.schedule.text, "timezone": monitor.schedule.timezone}
    if monitor.name != monitor.slug:
        table["name"] = monitor.name
    table["grace"] = exact_duration(rules.grace_ms)
    if rules.max_runtime_ms is not None:
        table["max_runtime"] = exact_duration(rules.max_runtime_ms)
    if monitor.tags:
        table["tags"] = list(monitor.tags)
    if monitor.channels is not None:
        table["channels"] = list(monitor.channels)
    table |= {name: value for name in _PLAIN if (value := getattr(rules, name)) != getattr(usual, name)}
    if rules.remind_every_ms is not None:
        table["remind_every"] = exact_duration(rules.remind_every_ms)
    return table


VERBS = {
    "config.diff": Verb(diff, reads=True),
    "config.export": Verb(exported, reads=True),
}
