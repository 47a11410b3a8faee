"""Telling that a project stores too much: its oldest requests or replays went before their time."""

import json
from collections.abc import Mapping
from typing import Any

from seestackd.core.alerts import hearers
from seestackd.core.incidents import SEVERITY, Alert, AlertKind
from seestackd.core.monitor import DAY_MS
from seestackd.core.retention import Kind
from seestackd.store.interface import Project, Transaction
from seestackd.store.retention import Evicted

TELL_EVERY_MS = DAY_MS
_META = "evicted"


def note(tx: Transaction, evicted: Mapping[Kind, Evicted], at: int) -> None:
    """Remember what went, to be told later."""
    gone = {kind: each for kind, each in evicted.items() if each.rows}
    if not gone:
        return
    noted = _noted(tx)
    for kind, each in gone.items():
        project = noted.setdefault(str(each.project_id), {})
        project.setdefault("since", at)
        project[kind.value] = project.get(kind.value, 0) + each.rows
    tx.set_meta(_META, json.dumps(noted))


def tell_evicted(tx: Transaction, most: Mapping[Kind, int], at: int) -> int:
    """Tell the default channels what went of each project, at most once a day each; returns of how many was told.

    `most` are the limits (bytes).
    """
    noted, told = _noted(tx), 0
    for project in tx.projects.all():
        gone = noted.get(str(project.id))
        if gone is None or "since" not in gone or at < gone.get("told_at", 0) + TELL_EVERY_MS:
            continue
        _tell(tx, project, gone, most, at)
        noted[str(project.id)] = {"told_at": at}
        told += 1
    if told:
        tx.set_meta(_META, json.dumps(noted))
    return told


def _tell(tx: Transaction, project: Project, gone: Mapping[str, Any], most: Mapping[Kind, int], at: int) -> None:
    kinds = [kind for kind in (Kind.REQUESTS, Kind.REPLAY) if kind.value in gone]
    facts = {
        "at": at,
        "timezone": tx.routing.timezone,
        "project": project.slug,
        "name": project.name,
        "since": gone["since"],
        "gone": [{"kind": kind.value, "rows": gone[kind.value], "limit": most.get(kind, 0)} for kind in kinds],
    }
    kind = AlertKind.EVICTED
    heard = hearers(tx.routing, tx.routing.default_channels, kind, SEVERITY[kind], None, at)
    alerts = [
        Alert(tx.new_id(), each.channel, kind, SEVERITY[kind], facts, project.id, next_attempt_at=each.not_before)
        for each in heard
        if each.told
    ]
    if alerts:
        tx.outbox.put(alerts, at)


def _noted(tx: Transaction) -> dict[str, dict[str, Any]]:
    noted: dict[str, dict[str, Any]] = json.loads(tx.meta(_META) or "{}")
    return noted
