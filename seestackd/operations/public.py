"""The public status page and badges, as far as they are facts."""

from dataclasses import dataclass

from seestackd.core import badges
from seestackd.core.badges import Badge
from seestackd.core.incidents import AlertKind
from seestackd.core.public import Health, health
from seestackd.core.uptime import days
from seestackd.errors import NotFound
from seestackd.operations.uptime import Days, by_day, records
from seestackd.store.interface import Project, Transaction

DAYS = 90
PAST = 50
SECRET = "badge_secret"  # noqa: S105 - the name of it
MONITOR, TAG = "m", "t"


@dataclass(frozen=True, slots=True)
class Component:
    """A public monitor: its name for outsiders, its first tag as group, how it is, and its last days."""

    name: str
    group: str
    health: Health
    past: Days


@dataclass(frozen=True, slots=True)
class PastIncident:
    """An incident of a public monitor; `closed_at` None while it is open (ms UTC)."""

    name: str
    kind: AlertKind
    began_at: int
    closed_at: int | None


@dataclass(frozen=True, slots=True)
class StatusPage:
    """Everything that the page shows: components by group and name, incidents newest first, times in `timezone`."""

    at: int
    timezone: str
    components: tuple[Component, ...]
    incidents: tuple[PastIncident, ...]


@dataclass(frozen=True, slots=True)
class AskBadge:
    """A badge by its address: `kind` is m (monitor, by slug) or t (tag)."""

    token: str
    kind: str
    name: str


def status_page(tx: Transaction, command: None, at: int) -> StatusPage:
    """Return how public monitors are; without components when none is public."""
    wanted = days(at, DAYS, tx.routing.timezone)
    since = wanted[0][0]
    components: list[Component] = []
    incidents: list[PastIncident] = []
    for project in tx.projects.all():
        found = tx.uptime.public(project.id)
        troubles = [trouble for monitor, _ in found for trouble in tx.uptime.troubles_of(monitor.id, since, at)]
        past = records(tx, [monitor for monitor, _ in found], troubles, since, at)
        named = {monitor.id: monitor.public_name for monitor, _ in found}
        for monitor, state in found:
            how = health(monitor, state, tx.maintenance.concerning(monitor), at)
            group = monitor.tags[0] if monitor.tags else ""
            components.append(Component(monitor.public_name, group, how, by_day(past[monitor.id], wanted)))
        incidents += [PastIncident(named[one.monitor_id], one.kind, one.began_at, one.closed_at) for one in troubles]
    components.sort(key=lambda one: (one.group == "", one.group, one.name))
    incidents.sort(key=lambda one: -one.began_at)
    return StatusPage(at, tx.routing.timezone, tuple(components), tuple(incidents[:PAST]))


def badge(tx: Transaction, command: AskBadge, at: int) -> Badge:
    """Return what a badge says. Raises NotFound alike for a wrong token and for what is not there."""
    project = _signed_for(tx, command)
    if command.kind == TAG:
        found = tx.uptime.tagged(project.id, command.name)
        if found:
            return badges.of_tag(
                command.name, [health(each, state, tx.maintenance.concerning(each), at) for each, state in found]
            )
    else:
        monitor = tx.monitors.by_slug(project.id, command.name)
        if monitor is not None and monitor.archived_at is None:
            state = tx.monitors.load_state(monitor.id, for_update=False)
            name = monitor.public_name if monitor.rules.public else monitor.name
            return badges.of_monitor(name, health(monitor, state, tx.maintenance.concerning(monitor), at))
    raise NotFound("there is no such badge")


def _signed_for(tx: Transaction, command: AskBadge) -> Project:
    secret = tx.meta(SECRET)
    for project in tx.projects.all() if secret else ():
        if badges.is_token(command.token, secret or "", project.uid, command.kind, command.name):
            return project
    raise NotFound("there is no such badge")


def badge_path(tx: Transaction, project: Project, kind: str, name: str) -> str:
    """Return the path of a badge, without its ending: `/badge/<token>/m/<slug>` or `/badge/<token>/t/<tag>`."""
    return f"/badge/{badges.token(tx.meta(SECRET) or '', project.uid, kind, name)}/{kind}/{name}"
