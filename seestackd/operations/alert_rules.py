"""Alert rules of a project: made, changed, switched, deleted over the API (contract.md 6.5)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from seestackd.core.alert_rules import AlertRule, RuleChannel, Trigger, checked_config
from seestackd.core.alerts import QuietHours
from seestackd.core.incidents import Severity
from seestackd.errors import Conflict, Invalid, NotFound
from seestackd.store.interface import Transaction
from seestackd.store.listings import Page

MAX_RULES = 100
GONE = "its alert rule was deleted or sends elsewhere now"


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule shall be. A channel without target is one that the rule has already."""

    name: str
    trigger: Trigger
    config: Mapping[str, Any]
    min_severity: Severity
    quiet_enabled: bool
    quiet: QuietHours
    channels: tuple[RuleChannel, ...]


@dataclass(frozen=True, slots=True)
class AddRule:
    """Make a rule, switched on."""

    project_id: int
    said: Said


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """Replace all that a rule says."""

    project_id: int
    uid: str
    said: Said


@dataclass(frozen=True, slots=True)
class RuleOf:
    """One rule of a project."""

    project_id: int
    uid: str


@dataclass(frozen=True, slots=True)
class ListRules:
    """A page of a project's rules."""

    project_id: int
    page: Page


def add(tx: Transaction, command: AddRule, at: int) -> AlertRule:
    """Make a rule. Raises Invalid, and Conflict when the project has as many as it may."""
    if len(tx.alert_rules.in_project(command.project_id)) >= MAX_RULES:
        raise Conflict(f"The project has {MAX_RULES} alert rules, more are not kept; delete some first")
    new = AlertRule(
        id=0, uid=tx.new_id(), project_id=command.project_id, enabled=True, created_at=at, updated_at=at,
        **_fields(command.said, ()),
    )  # fmt: skip
    return tx.alert_rules.create(new)


def change(tx: Transaction, command: ChangeRule, at: int) -> AlertRule:
    """Replace what a rule says. What waits for a target that no rule sends to any more is taken back.

    Raises NotFound, Invalid.
    """
    rule = shown(tx, RuleOf(command.project_id, command.uid), at)
    changed = replace(rule, updated_at=at, **_fields(command.said, rule.channels))
    tx.alert_rules.update(changed)
    _drop_unused(tx, command.project_id, at)
    return changed


def toggle(tx: Transaction, command: RuleOf, at: int) -> AlertRule:
    """Switch a rule on or off. Raises NotFound."""
    rule = shown(tx, command, at)
    changed = replace(rule, enabled=not rule.enabled, updated_at=at)
    tx.alert_rules.update(changed)
    return changed


def remove(tx: Transaction, command: RuleOf, at: int) -> AlertRule:
    """Delete a rule, and take back what waits for its targets. Raises NotFound."""
    rule = shown(tx, command, at)
    tx.alert_rules.remove(rule.id)
    _drop_unused(tx, command.project_id, at)
    return rule


def shown(tx: Transaction, command: RuleOf, at: int) -> AlertRule:
    """Return one rule. Raises NotFound."""
    for rule in tx.alert_rules.in_project(command.project_id):
        if rule.uid == command.uid:
            return rule
    raise NotFound(f"AlertRule not found: {command.uid}")


def listed(tx: Transaction, command: ListRules, at: int) -> tuple[list[AlertRule], int]:
    """Return rules, the newest first, and how many there are."""
    rules, page = tx.alert_rules.in_project(command.project_id)[::-1], command.page
    return rules[page.offset : page.offset + page.limit], len(rules)


def targets(tx: Transaction, command: None, at: int) -> dict[str, str]:
    """Return the target of every channel that rules have brought, by its name."""
    return tx.alert_rules.targets()


def remove_all(tx: Transaction, project_id: int, at: int) -> None:
    """Delete the rules of a project."""
    for rule in list(tx.alert_rules.in_project(project_id)):
        tx.alert_rules.remove(rule.id)
    _drop_unused(tx, project_id, at)


def _fields(said: Said, before: tuple[RuleChannel, ...]) -> dict[str, Any]:
    if said.quiet_enabled and said.quiet.start == said.quiet.end:
        raise Invalid("must be another time than quietStart; quiet hours have a length", field="quiet_end")
    channels = [_settled(channel, before, number) for number, channel in enumerate(said.channels)]
    return {
        "name": said.name,
        "trigger": said.trigger,
        "config": checked_config(said.trigger, said.config),
        "min_severity": said.min_severity,
        "quiet_enabled": said.quiet_enabled,
        "quiet": said.quiet,
        "channels": tuple({channel.name: channel for channel in channels}.values()),
    }


def _settled(channel: RuleChannel, before: tuple[RuleChannel, ...], number: int) -> RuleChannel:
    """Return the channel of before that is meant when a console sends back what it was shown."""
    if channel.target:
        return channel
    same = [each for each in before if each.type == channel.type and channel.name in ("", each.name)]
    alike = [each for each in same if set(each.shown.values()) >= set(channel.shown.values())]
    if len(alike) != 1:
        named = next(iter(channel.shown), "url")
        raise Invalid("is cut, as it is shown; send the whole of it", field=f"channels[{number}].{named}")
    return alike[0]


def _drop_unused(tx: Transaction, project_id: int, at: int) -> None:
    used = {channel.name for rule in tx.alert_rules.in_project(project_id) for channel in rule.channels}
    for name in tx.alert_rules.drop_targets(project_id, used):
        tx.outbox.withdraw_channel(name, GONE, at)
