"""Slugs made of what people call their jobs."""

import re
from collections.abc import Collection, Iterator

from seestackd.core.monitor import MAX_SLUG


def slug_from(*names: str) -> str:
    """Return a slug made of the first name that has a letter or digit in it, "job" when none has."""
    made = (re.sub(r"[^a-z0-9]+", "-", name.lower())[:MAX_SLUG].strip("-") for name in names)
    return next(filter(None, made), "job")


def free_slug(slug: str, taken: Collection[str]) -> str:
    """Return the slug, with a number behind it when it is taken."""
    if slug not in taken:
        return slug
    return next(each for each in _numbered(slug) if each not in taken)


def _numbered(slug: str) -> Iterator[str]:
    number = 2
    while True:
        yield f"{slug[:90]}-{number}"
        number += 1
