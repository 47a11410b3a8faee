"""The summary of a month as a message, sent once when the month is over."""

from typing import Any

from seestackd.core.incidents import SEVERITY, Alert, AlertKind
from seestackd.core.reports import report_due
from seestackd.core.uptime import Uptime
from seestackd.operations.upkeep import clock_settles
from seestackd.operations.uptime import Month, MonthOf, month
from seestackd.store.interface import Transaction

LISTED = 50
MARK = "reported"


def tell_month(tx: Transaction, command: None, at: int) -> str | None:
    """Queue the report of the month that ended, if one is wanted and due; returns that month, such as 2026-10.

    The mark is kept in the transaction that writes the messages: neither a restart nor a step of the clock tells twice.
    """
    if clock_settles(tx, at):
        return None
    mark, channels = tx.meta(MARK), tx.routing.monthly_report
    due = report_due(mark, bool(channels), at, tx.routing.timezone)
    if due.mark != mark:
        tx.set_meta(MARK, due.mark)
    if due.month is None:
        return None
    kind, facts = AlertKind.REPORT, _facts(tx, *due.month, at)
    tx.outbox.put([Alert(tx.new_id(), channel, kind, SEVERITY[kind], facts) for channel in channels], at)
    return str(facts["month"])


def _facts(tx: Transaction, year: int, number: int, at: int) -> dict[str, Any]:
    months = [month(tx, MonthOf(project.id, year, number), at) for project in tx.projects.all()]
    lines = [line for one in months for line in one.monitors if line.uptime.incidents]
    lines.sort(key=lambda line: -line.uptime.down_ms)
    total = sum((one.total for one in months), Uptime())
    return {
        "at": at,
        "timezone": tx.routing.timezone,
        "month": f"{year:04d}-{number:02d}",
        "monitors": sum(len(one.monitors) for one in months),
        "troubled": len(lines),
        **_described(total),
        "lines": [{"slug": line.monitor.slug, **_described(line.uptime)} for line in lines[:LISTED]],
        "tags": [{"tag": tag, **_described(uptime)} for tag, uptime in _tags(months)[:LISTED]],
    }


def _tags(months: list[Month]) -> list[tuple[str, Uptime]]:
    found: dict[str, Uptime] = {}
    for one in months:
        for tag, uptime in one.tags.items():
            found[tag] = found.get(tag, Uptime()) + uptime
    return sorted(found.items(), key=lambda item: (-item[1].down_ms, item[0]))


def _described(uptime: Uptime) -> dict[str, Any]:
    return {"incidents": uptime.incidents, "down_ms": uptime.down_ms, "share": uptime.share}
