"""Lists of other services as tables of `[monitors.<slug>]`: what Healthchecks' and Cronitor's have in common."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from seestackd.core.durations import UNIT_MS, exact_duration
from seestackd.core.slugs import free_slug
from seestackd.errors import Invalid


@dataclass(frozen=True, slots=True)
class Said:
    """A value of a list as a settings file would have it, and what the list calls it."""

    value: Any
    called: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One monitor of a list; `where` is its place, such as "checks[3]".

    `table` has the keys of a settings file's table. `ping_id` is what its ping address ends with, where jobs can keep
    it; `notes` say what is not taken over. `slug` is empty for one that is `left` alone, which says why.
    """

    where: str
    slug: str
    table: Mapping[str, Said]
    ping_id: str | None = None
    notes: tuple[str, ...] = ()
    left: str | None = None


def entries_of(
    rows: Iterable[tuple[str, Any]], read: Callable[[str, "Row"], Entry], problems: list[tuple[str, str]]
) -> list[Entry]:
    """Read (where, raw) rows with `read`, and make their slugs differ.

    What is wrong is added to `problems` as (where, sentence).
    """
    found: list[Entry] = []
    taken: set[str] = set()
    held: dict[str, str] = {}
    for where, raw in rows:
        try:
            if not isinstance(raw, dict):
                raise Invalid("must be an object", field=where)
            entry = read(where, Row(where, raw))
        except Invalid as error:
            problems.append((error.field or where, error.message))
            continue
        if entry.ping_id in held:
            problems.append((f"{where}.uuid", f"stands at {held[entry.ping_id]} too; remove one of the two"))
        if entry.ping_id:
            held.setdefault(entry.ping_id, where)
        if entry.slug:
            entry = replace(entry, slug=free_slug(entry.slug, taken))
            taken.add(entry.slug)
        found.append(entry)
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """One object of a list, whose values are read with their types checked. Raises Invalid with the field's place."""

    where: str
    raw: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Return a text, empty when it is null or absent."""
        value = self.raw.get(name)
        if value is not None and not isinstance(value, str):
            raise self.wrong(name, "must be a text")
        return (value or "").strip()

    def count(self, name: str) -> int | None:
        """Return a whole number from 0 on, None when it is null or absent."""
        value = self.raw.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.wrong(name, "must be a whole number, and not negative")
        return value

    def seconds(self, name: str) -> Said | None:
        """Return a number of seconds as a duration, None when it is null or absent."""
        count = self.count(name)
        return None if count is None else Said(exact_duration(count * UNIT_MS["s"]), f"{self.where}.{name}")

    def texts(self, name: str) -> list[str]:
        """Return a list of texts, empty when it is null or absent."""
        value = self.raw.get(name) or []
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.wrong(name, "must be a list of texts")
        return value

    def said(self, name: str, value: Any) -> Said:
        return Said(value, f"{self.where}.{name}")

    def wrong(self, name: str, problem: str) -> Invalid:
        return Invalid(problem, field=f"{self.where}.{name}")
