"""Who hears of an alert in a project: the channels of the settings, and those of its alert rules."""

from dataclasses import replace

from seestackd.core.alert_rules import AlertRule, Trigger, trigger_of
from seestackd.core.alerts import Recipient, Routing, channels_of
from seestackd.core.incidents import AlertKind, Incident
from seestackd.core.monitor import Monitor
from seestackd.store.interface import Transaction


def rules_for(tx: Transaction, project_id: int, trigger: Trigger) -> list[AlertRule]:
    """Return the rules of a project that listen for something, oldest first; those switched off left out."""
    return [rule for rule in tx.alert_rules.in_project(project_id) if rule.enabled and rule.trigger is trigger]


def routing_of(tx: Transaction, project_id: int | None, trigger: Trigger | None) -> Routing:
    """Return who may hear in a project, and how: the rules of the trigger have the first word on their channels."""
    known = tx.alert_rules.in_project(project_id) if project_id is not None else []
    if not known:
        return tx.routing
    wanted: dict[str, Recipient] = {}
    for rule in sorted(known, key=lambda rule: (rule.enabled, rule.trigger is trigger), reverse=True):
        for channel in rule.channels:
            wanted.setdefault(channel.name, rule.wants)
    return replace(tx.routing, rules={**tx.routing.rules, **wanted})


def rule_channels(tx: Transaction, project_id: int, trigger: Trigger | None) -> tuple[str, ...]:
    """Return the channels of the rules that listen for something."""
    rules = rules_for(tx, project_id, trigger) if trigger is not None else []
    return tuple(dict.fromkeys(channel.name for rule in rules for channel in rule.channels))


def rule_subject(rule: AlertRule) -> str:
    """Return the name under which a rule's incidents are kept."""
    return f"rule:{rule.id}"


def rule_of(tx: Transaction, incident: Incident) -> AlertRule | None:
    """Return the rule that an incident is about."""
    known = tx.alert_rules.in_project(incident.project_id) if incident.project_id is not None else []
    return next((rule for rule in known if rule_subject(rule) == incident.subject), None)


def audience(
    tx: Transaction, subject: Monitor | AlertRule, kind: AlertKind, incident: Incident | None
) -> tuple[str, ...]:
    """Return who is to hear of an alert about a monitor or a rule.

    A recovery goes to those who were told of the trouble.
    """
    if kind is AlertKind.RECOVERED and incident is not None:
        return tuple(tx.outbox.addressed(incident.id))
    if isinstance(subject, AlertRule):
        own = (channel.name for channel in subject.channels) if subject.enabled else ()
        return tuple(dict.fromkeys((*tx.routing.default_channels, *own)))
    channels, _ = channels_of(tx.routing, subject)
    by_rule = rule_channels(tx, subject.project_id, trigger_of(kind, incident))
    return tuple(dict.fromkeys((*channels, *by_rule)))


def spikes_are_told(tx: Transaction, project_id: int) -> bool:
    """Tell whether a rule of the project listens for runs that took much longer than usual."""
    return bool(rules_for(tx, project_id, Trigger.JOB_DURATION_SPIKE))
