"""Creating and editing a monitor, with a preview of its next runs."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from aiohttp import web

from seestackd.core.durations import exact_duration, parse_duration
from seestackd.core.monitor import Monitor, Rules, new_monitor, new_rules
from seestackd.core.schedule import parse_schedule
from seestackd.errors import Conflict, Invalid
from seestackd.operations import managed, monitors
from seestackd.store.interface import Transaction
from seestackd.web.pages.monitor import of
from seestackd.web.pages.page import Visit
from seestackd.web.pages.site import Site

PREVIEWED = 5
_TEXTS = ("slug", "name", "schedule", "timezone", "grace", "max_runtime", "tags", "failures_before_alert",
          "successes_before_recovery", "slow_factor", "remind_every", "public_name", "version", "told")  # fmt: skip
_TICKS = ("overlap", "watch_from_creation", "public")


@dataclass(frozen=True, slots=True)
class Preview:
    """When a schedule is due next: (slot, deadline) in ms UTC, in words, or what is wrong with it."""

    runs: tuple[tuple[int, int], ...] = ()
    words: str = ""
    zone: str | None = None
    wrong: str = ""


async def new(site: Site, visit: Visit) -> web.StreamResponse:
    told = site.dashboard
    fields = {
        **dict.fromkeys(_TEXTS, ""), "timezone": told.timezone, "grace": told.grace, "told": "default", "channels": (),
        "failures_before_alert": "1", "successes_before_recovery": "1", "overlap": False, "watch_from_creation": True,
        "public": False, "slug": visit.query("slug"), "schedule": visit.query("schedule"),
    }  # fmt: skip
    return await _form(site, visit, fields)


async def create(site: Site, visit: Visit) -> web.StreamResponse:
    try:
        wanted = new_monitor(visit.text("slug"), visit.text("schedule"), source="dashboard", **_asked(site, visit))
        command = monitors.AddMonitor(visit.project_id, wanted, secrets.token_urlsafe(16))
        await site.change(visit, "monitor.create", wanted.slug, monitors.add, command, _sent(visit))
    except (Invalid, Conflict) as error:
        return await _form(site, visit, _typed(visit), error=error)
    return site.back(visit, f"/m/{wanted.slug}", "It is watched. Now make the job report: the lines are below.")


async def edit(site: Site, visit: Visit) -> web.StreamResponse:
    monitor = (await site.runner.read(monitors.shown, of(visit))).monitor
    managed.refuse_declared(monitor)
    return await _form(site, visit, _stored(monitor), monitor.slug)


async def save(site: Site, visit: Visit) -> web.StreamResponse:
    slug = visit.part("slug")
    try:
        wanted = new_monitor(slug, visit.text("schedule"), **_asked(site, visit))
        version = visit.text("version")
        command = monitors.EditMonitor(
            visit.project_id,
            slug,
            name=wanted.name,
            schedule=wanted.schedule,
            rules=wanted.rules,
            channels=wanted.channels,
            default_channels=wanted.channels is None,
            tags=wanted.tags,
            expected_version=int(version[:18]) if version.isdecimal() else None,
        )
        await site.change(visit, "monitor.update", slug, _edit, command, _sent(visit))
    except (Invalid, Conflict) as error:
        return await _form(site, visit, _typed(visit), slug, error)
    return site.back(visit, f"/m/{slug}", "It is changed.")


async def preview(site: Site, visit: Visit) -> web.StreamResponse:
    asked = {name: visit.query(name) for name in ("schedule", "timezone", "grace")}
    return await site.show(visit, "preview.html", lambda tx, at: {"preview": _previewed(asked, at)})


def _edit(tx: Transaction, command: monitors.EditMonitor, at: int) -> Monitor:
    managed.refuse_declared(monitors.named(tx, command.project_id, command.slug))
    return monitors.edit(tx, command, at)


async def _form(
    site: Site, visit: Visit, fields: Mapping[str, Any], slug: str = "", error: Invalid | Conflict | None = None
) -> web.StreamResponse:
    wrong = {} if error is None else {error.field or "": error.message}
    if wrong.keys() & {"channels", "version", "told"}:
        wrong = {"": next(iter(wrong.values()))}
    values = {"fields": fields, "slug": slug, "wrong": wrong, "zones": _zones(), "channels": site.dashboard.channels()}
    status = 200 if error is None else 409 if isinstance(error, Conflict) else 422

    def read(tx: Transaction, at: int) -> dict[str, Any]:
        return {**values, "preview": _previewed(fields, at)}

    return await site.show(visit, "monitor_form.html", read, status=status)


def _previewed(asked: Mapping[str, Any], at: int) -> Preview:
    if not asked["schedule"]:
        return Preview()
    try:
        schedule = parse_schedule(asked["schedule"], asked["timezone"] or "UTC")
        grace = parse_duration(asked["grace"] or "0", "grace")
        schedule.must_come(at)
    except Invalid as error:
        return Preview(wrong=error.message)
    if schedule.interval_ms is not None:
        return Preview(words=schedule.describe())
    slots, slot = [], at
    for _ in range(PREVIEWED):
        try:
            slot = schedule.next_after(slot)
        except LookupError:
            break
        slots.append((slot, slot + grace))
    return Preview(tuple(slots), schedule.describe(), schedule.timezone)


def _asked(site: Site, visit: Visit) -> dict[str, Any]:
    """Return what the form says of a monitor; raises Invalid naming the field."""
    rules = new_rules(
        grace=visit.text("grace") or None,
        max_runtime=visit.text("max_runtime") or None,
        overlap=visit.ticked("overlap"),
        watch_from_creation=visit.ticked("watch_from_creation"),
        failures_before_alert=_number(visit, "failures_before_alert", int, 1),
        successes_before_recovery=_number(visit, "successes_before_recovery", int, 1),
        slow_factor=_number(visit, "slow_factor", float, None),
        remind_every=visit.text("remind_every") or None,
        public=visit.ticked("public"),
        public_name=visit.text("public_name") or None,
    )
    own = tuple(name for name in visit.texts("channel") if name in site.dashboard.channels())
    return {
        "name": visit.text("name") or None,
        "timezone": visit.text("timezone") or site.dashboard.timezone,
        "rules": rules,
        "channels": own if visit.text("told") == "own" else None,
        "tags": tuple(tag.strip() for tag in visit.text("tags").split(",") if tag.strip()),
    }


def _number(visit: Visit, name: str, kind: Any, absent: Any) -> Any:
    text = visit.text(name)
    if not text:
        return absent
    try:
        return kind(text)
    except ValueError:
        raise Invalid("must be a number", field=name) from None


def _typed(visit: Visit) -> dict[str, Any]:
    fields: dict[str, Any] = {name: visit.text(name).replace("\0", "") for name in _TEXTS}
    fields |= {name: visit.form.get(name) == ["on"] for name in _TICKS}
    return {**fields, "told": fields["told"] or "default", "channels": visit.texts("channel")}


def _sent(visit: Visit) -> dict[str, Any]:
    return {name: value[0] if len(value) == 1 else value for name, value in visit.form.items() if name != "csrf"}


def _stored(monitor: Monitor) -> dict[str, Any]:
    rules: Rules = monitor.rules
    return {
        "slug": monitor.slug,
        "name": monitor.name,
        "schedule": monitor.schedule.text,
        "timezone": monitor.schedule.timezone,
        "grace": _length(rules.grace_ms),
        "max_runtime": _length(rules.max_runtime_ms),
        "tags": ", ".join(monitor.tags),
        "failures_before_alert": str(rules.failures_before_alert),
        "successes_before_recovery": str(rules.successes_before_recovery),
        "slow_factor": "" if rules.slow_factor is None else f"{rules.slow_factor:g}",
        "remind_every": _length(rules.remind_every_ms),
        "overlap": rules.overlap,
        "watch_from_creation": rules.watch_from_creation,
        "public": rules.public,
        "public_name": rules.public_name or "",
        "told": "default" if monitor.channels is None else "own",
        "channels": monitor.channels or (),
        "version": monitor.version,
    }


def _length(ms: int | None) -> str:
    return "" if ms is None else exact_duration(ms)


@lru_cache(maxsize=1)
def _zones() -> tuple[str, ...]:
    return tuple(sorted(name for name in available_timezones() if "/" in name or name == "UTC"))
