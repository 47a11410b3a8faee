"""Alert rules; few, so a project's are remembered between transactions."""

import json
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import time
from typing import Any

from seestackd.core.alert_rules import AlertRule, RuleChannel, Trigger
from seestackd.core.alerts import QuietHours
from seestackd.core.events import RuleChannelGone, RuleChannelSet
from seestackd.core.incidents import Severity
from seestackd.store.sqlite.behind import WriteBehind

_VALUES = (
    "name, trigger_type, trigger_config, min_severity, quiet_enabled, quiet_start, quiet_end, channels, enabled,"
    " updated_at"
)
_COLUMNS = f"id, uid, project_id, created_at, {_VALUES}"


class SqliteAlertRules:
    """The rules, and the targets that they send to; changed targets are announced."""

    def __init__(self, connection: WriteBehind, announce: Callable[[object], None]) -> None:
        self._execute = connection.execute
        self._announce = announce
        self._by_project: dict[int, list[AlertRule]] = {}

    def forget(self) -> None:
        """Drop what is remembered."""
        self._by_project.clear()

    def create(self, rule: AlertRule) -> AlertRule:
        self.forget()
        values = (rule.uid, rule.project_id, rule.created_at, *_values(rule))
        marks = ", ".join("?" * len(values))
        made = self._execute(f"INSERT INTO alert_rules ({_COLUMNS.removeprefix('id, ')}) VALUES ({marks})", values)
        self._set_targets(rule)
        return replace(rule, id=made.lastrowid or 0)

    def update(self, rule: AlertRule) -> None:
        self.forget()
        marks = ", ".join("?" * len(_VALUES.split(",")))
        self._execute(f"UPDATE alert_rules SET ({_VALUES}) = ({marks}) WHERE id = ?", (*_values(rule), rule.id))
        self._set_targets(rule)

    def remove(self, rule_id: int) -> None:
        self.forget()
        self._execute("DELETE FROM alert_rules WHERE id = ?", (rule_id,))

    def in_project(self, project_id: int) -> list[AlertRule]:
        known = self._by_project.get(project_id)
        if known is None:
            rows = self._execute(f"SELECT {_COLUMNS} FROM alert_rules WHERE project_id = ? ORDER BY id", (project_id,))
            known = self._by_project[project_id] = [_rule(row) for row in rows.fetchall()]
        return known

    def targets(self) -> dict[str, str]:
        return dict(self._execute("SELECT name, target FROM alert_channels").fetchall())

    def drop_targets(self, project_id: int, besides: Collection[str]) -> list[str]:
        named = self._execute("SELECT name FROM alert_channels WHERE project_id = ? ORDER BY name", (project_id,))
        gone = [name for (name,) in named.fetchall() if name not in besides]
        for name in gone:
            self._execute("DELETE FROM alert_channels WHERE name = ?", (name,))
            self._announce(RuleChannelGone(name))
        return gone

    def _set_targets(self, rule: AlertRule) -> None:
        for channel in rule.channels:
            if not channel.target:
                continue
            self._execute(
                "INSERT INTO alert_channels (name, project_id, target) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
                (channel.name, rule.project_id, channel.target),
            )
            self._announce(RuleChannelSet(channel.name, channel.target))


def _values(rule: AlertRule) -> tuple[Any, ...]:
    channels = [{"name": each.name, "type": each.type, "shown": dict(each.shown)} for each in rule.channels]
    quiet = (rule.quiet_enabled, rule.quiet.start.isoformat(), rule.quiet.end.isoformat())
    said = (rule.name, rule.trigger, json.dumps(dict(rule.config)), rule.min_severity)
    return *said, *quiet, json.dumps(channels), rule.enabled, rule.updated_at


def _rule(row: tuple[Any, ...]) -> AlertRule:
    rule_id, uid, project, created_at, name, trigger, config, severity, quiets, start, end, channels, on, updated_at = (
        row
    )
    return AlertRule(
        id=rule_id,
        uid=uid,
        project_id=project,
        name=name,
        trigger=Trigger(trigger),
        config=json.loads(config),
        min_severity=Severity(severity),
        quiet_enabled=bool(quiets),
        quiet=QuietHours(time.fromisoformat(start), time.fromisoformat(end)),
        channels=tuple(RuleChannel(each["name"], each["type"], each["shown"]) for each in json.loads(channels)),
        enabled=bool(on),
        created_at=created_at,
        updated_at=updated_at,
    )
