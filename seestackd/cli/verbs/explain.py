"""`seestackd explain` as an operation."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from seestackd.cli.verbs import Call, Verb
from seestackd.cli.verbs.incidents import shown as incident_shown
from seestackd.cli.verbs.instants import iso
from seestackd.cli.verbs.maintenance import planned
from seestackd.cli.verbs.monitors import described, project_of
from seestackd.core.alerts import Hearer
from seestackd.core.explain import ClockChange, Expected
from seestackd.core.monitor import SlotEntry
from seestackd.operations import explain
from seestackd.operations.explain import Explanation
from seestackd.operations.monitors import MonitorNamed
from seestackd.settings import Settings
from seestackd.store.interface import Transaction


def explained(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Explain one monitor: instants in UTC, and as `…local` in its zone. Raises NotFound."""
    said = explain.explain(tx, MonitorNamed(project_of(tx), call.text("slug")), at)
    monitor, state, local = said.view.monitor, said.view.state, _Local(said.view.monitor.schedule.timezone)
    return {
        "at": iso(at),
        "monitor": described(said.view, tx.routing),
        "in_words": monitor.schedule.describe(),
        "run_limit_ms": monitor.run_limit_ms,
        "running": [
            {"started_at": iso(run.started_at), "limit_at": iso(run.limit_at), "overran": run.overran}
            for run in state.open_runs
        ],
        "coming": local.expected(said.coming),
        "clock_changes": [local.change(change) for change in said.clock_changes],
        "channels_from": said.channels_from,
        "told": _told(said, call.settings),
        "escalation": [{"after_ms": step.after_ms, "channels": list(step.channels)} for step in said.escalation],
        "reminders_in": said.reminders_in,
        "incident": incident_shown(said.incident, monitor) if said.incident is not None else None,
        "windows": [planned(window, at) for window in said.windows],
        "last_slots": [local.slot(entry) for entry in said.last_slots],
        "hints": list(said.hints),
    }


class _Local:
    """Writes instants in UTC and in a zone."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)

    def _both(self, name: str, at: int) -> dict[str, Any]:
        return {name: iso(at), name.removesuffix("at") + "local": self._local(at)}

    def _local(self, at: int) -> str:
        zoned = datetime.fromtimestamp(at / 1000, UTC).astimezone(self._zone)
        return f"{zoned.isoformat(timespec='seconds')} {zoned.tzname()}"

    def expected(self, slots: Iterable[Expected]) -> list[dict[str, Any]]:
        return [
            {
                **self._both("expected_at", each.slot),
                **self._both("deadline_at", each.deadline_at),
                "reason": each.reason,
            }
            for each in slots
        ]

    def change(self, change: ClockChange) -> dict[str, Any]:
        return {
            **self._both("at", change.at),
            "moves_ms": change.after_ms - change.before_ms,
            "around": self.expected(change.around),
        }

    def slot(self, entry: SlotEntry) -> dict[str, Any]:
        return {
            **self._both("first_at", entry.first_at),
            **self._both("last_at", entry.last_at),
            "count": entry.count,
            "more": entry.more,
            "outcome": entry.outcome.value,
            "reason": entry.reason,
        }


def _told(said: Explanation, settings: Settings) -> list[dict[str, Any]]:
    return [
        {
            "kind": told.kind.value,
            "severity": told.severity.value,
            "channels": [_hearer(hearer, settings) for hearer in told.hearers],
        }
        for told in said.told
    ]


def _hearer(hearer: Hearer, settings: Settings) -> dict[str, Any]:
    defined = hearer.channel in settings.channels
    return {
        "channel": hearer.channel,
        "told": hearer.told and defined,
        "reason": hearer.reason if defined else "is not in the settings",
        "not_before": iso(hearer.not_before),
    }


VERBS = {"explain": Verb(explained, reads=True)}
