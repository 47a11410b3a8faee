"""Monitors as code: `[monitors.<slug>]` tables of the settings -> what is asked of the store (ux.md 7)."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationError

from seestackd.core.monitor import NewMonitor, new_monitor, new_rules, validate_slug
from seestackd.core.schedule import parse_schedule
from seestackd.errors import Invalid
from seestackd.operations.managed import FROM_FILE
from seestackd.settings import BadSettings, Defaults, Settings
from seestackd.settings.reading import Reading, message, read
from seestackd.settings.tables import Table, problem

_ANY_SLUG, _ANY_SCHEDULE = "job", "1d"


def _checked(check: Callable[[Any], object]) -> AfterValidator:
    def validate(value: Any) -> Any:
        try:
            check(value)
        except Invalid as error:
            raise problem(error.message) from None
        return value

    return AfterValidator(validate)


def _rule(name: str) -> AfterValidator:
    return _checked(lambda value: new_rules(**{name: value}))


def _field(name: str) -> AfterValidator:
    return _checked(lambda value: new_monitor(_ANY_SLUG, _ANY_SCHEDULE, **{name: value}))


class MonitorTable(Table):
    """What a file may say of a monitor; None is what nobody said."""

    schedule: Annotated[str, _checked(parse_schedule)]
    timezone: Annotated[str, _field("timezone")] | None = None
    name: Annotated[str, _field("name")] | None = None
    grace: Annotated[str, _rule("grace")] | None = None
    max_runtime: Annotated[str, _rule("max_runtime")] | None = None
    tags: Annotated[tuple[str, ...], _field("tags")] = ()
    channels: Annotated[tuple[str, ...], _field("channels")] | None = None
    overlap: bool = False
    watch_from_creation: bool = True
    failures_before_alert: Annotated[int, _rule("failures_before_alert")] = 1
    successes_before_recovery: Annotated[int, _rule("successes_before_recovery")] = 1
    slow_factor: Annotated[float, _rule("slow_factor")] | None = None
    remind_every: Annotated[str, _rule("remind_every")] | None = None
    public: bool = False
    public_name: Annotated[str, _rule("public_name")] | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that the files say: the settings, and the monitors they declare."""

    settings: Settings
    monitors: tuple[NewMonitor, ...] = ()


def load(
    file: Path | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    data: Path | None = None,
    listen: str | None = None,
    credentials: bool = True,
) -> Configuration:
    """Read settings and monitors; the arguments are those of `settings.load`. Raises BadSettings with all problems."""
    reading = read(file, environ=environ, data=data, listen=listen, credentials=credentials)
    defaults = reading.settings.defaults if reading.settings is not None else Defaults()
    channels = reading.raw.get("channels")
    monitors = tuple(_monitors(reading, defaults, list(channels) if isinstance(channels, dict) else []))
    return Configuration(reading.finished(), monitors)


def of_reading(reading: Reading, settings: Settings) -> tuple[NewMonitor, ...]:
    """Return the monitors of a file that declares nothing else. Raises BadSettings with all problems."""
    for name in sorted(reading.raw.keys() - {"monitors"}):
        reading.complain((name,), "only [monitors.<slug>] tables can be imported; take it out")
    reading.check_monitors()
    found = tuple(_monitors(reading, settings.defaults, list(settings.channels)))
    if reading.problems:
        raise BadSettings([line for _, line in sorted(reading.problems)])
    return found


def _monitors(reading: Reading, defaults: Defaults, known: list[str]) -> Iterator[NewMonitor]:
    tables = reading.raw.get("monitors")
    for slug, raw in tables.items() if isinstance(tables, dict) else ():
        if isinstance(raw, dict):
            _check_slug(reading, slug)
            _check_channels(reading, slug, raw.get("channels"), known)
            table = _table(reading, slug, raw)
            if table is not None and not reading.problems:
                yield _monitor(slug, table, defaults)


def _check_slug(reading: Reading, slug: str) -> None:
    try:
        validate_slug(slug)
    except Invalid as error:
        reading.complain(("monitors", slug), error.message)


def _check_channels(reading: Reading, slug: str, names: Any, known: list[str]) -> None:
    for name in names if isinstance(names, list) else ():
        if isinstance(name, str) and name not in known:
            near = get_close_matches(name, known, 1)
            step = f'did you mean "{near[0]}"?' if near else f"add [channels.{name}] or take it off the list"
            reading.complain(("monitors", slug, "channels"), f'no channel "{name}" is defined; {step}')


def _table(reading: Reading, slug: str, raw: dict[str, Any]) -> MonitorTable | None:
    try:
        # In strict JSON mode lists become tuples, and nothing else is converted.
        return MonitorTable.model_validate_json(json.dumps(raw, default=lambda _: {}))
    except ValidationError as error:
        for found in error.errors(include_url=False, include_input=False):
            inner = tuple(str(part) for part in found["loc"] if not isinstance(part, int))
            path = ("monitors", slug, *inner)
            if found["type"] == "missing":
                reading.complain(path, 'is missing; write for example schedule = "0 3 * * *" or "30m"')
            else:
                reading.complain(path, message(path, dict(found), list(MonitorTable.model_fields)))
        return None


def _monitor(slug: str, table: MonitorTable, defaults: Defaults) -> NewMonitor:
    return new_monitor(
        slug,
        table.schedule,
        name=table.name,
        timezone=table.timezone or defaults.timezone,
        rules=new_rules(
            grace=table.grace or defaults.grace,
            max_runtime=table.max_runtime,
            overlap=table.overlap,
            watch_from_creation=table.watch_from_creation,
            failures_before_alert=table.failures_before_alert,
            successes_before_recovery=table.successes_before_recovery,
            slow_factor=table.slow_factor,
            remind_every=table.remind_every,
            public=table.public,
            public_name=table.public_name,
        ),
        channels=table.channels,
        tags=table.tags,
        source=FROM_FILE,
    )
