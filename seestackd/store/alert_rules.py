"""What operations may ask of alert rules."""

from collections.abc import Collection
from typing import Protocol

from seestackd.core.alert_rules import AlertRule


class AlertRules(Protocol):
    def create(self, rule: AlertRule) -> AlertRule:
        """Store a rule (its `id` is ignored) with the targets that its channels bring."""
        ...

    def update(self, rule: AlertRule) -> None: ...
    def remove(self, rule_id: int) -> None: ...
    def in_project(self, project_id: int) -> list[AlertRule]:
        """Return the rules of a project, oldest first; their channels without targets."""
        ...

    def targets(self) -> dict[str, str]:
        """Return the target of every channel that rules have brought, by its name."""
        ...

    def drop_targets(self, project_id: int, besides: Collection[str]) -> list[str]:
        """Forget the targets of a project but for those named; returns the names of those that went."""
        ...
