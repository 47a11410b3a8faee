"""What the documents of the management API are made of: names in camelCase, instants in ISO 8601, clear refusals."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from seestackd.core.instants import iso
from seestackd.store.listings import Page
from seestackd.web import wire

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MAX_PER_PAGE = 200
MAX_PAGE = 1_000_000
_DATE_TIME = {"type": "string", "format": "date-time", "examples": ["2026-03-31T12:00:00.000Z"]}


def _uid(text: str) -> str:
    if not _UUID.fullmatch(text.lower()):
        raise PydanticCustomError("uid", "must be a UUID")
    return text.lower()


Uid = Annotated[str, AfterValidator(_uid), Field(json_schema_extra={"format": "uuid"})]
"""An id that is sent."""

Id = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
"""An id that is answered."""


class Document(BaseModel):
    """A document that is answered."""

    # Built when first used: a start is not to wait for documents that nobody may ask for.
    model_config = ConfigDict(
        defer_build=True, alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True
    )


class Body(Document):
    """A document that is sent; fields nobody knows are ignored, unless they look like a slip (problems.py)."""

    model_config = ConfigDict(
        strict=True, extra="allow", allow_inf_nan=False, validate_by_alias=True, validate_by_name=False
    )


class Query(Document):
    """The query of a URL. `projectId` may be left out: a key belongs to one project."""

    model_config = ConfigDict(extra="allow", validate_by_alias=True, validate_by_name=False)

    project_id: Annotated[Uid | None, Field(description="The project of the key that is used; may be left out")] = None


def _digits(value: Any) -> Any:
    if isinstance(value, str):
        if not value.isascii() or not value.isdigit():
            raise PydanticCustomError("digits", "must be an integer")
        return int(value[:20])
    return value


Number = Annotated[int, BeforeValidator(_digits)]


class PagedQuery(Query):
    """A query for one page of a list."""

    page: Annotated[Number, Field(ge=1, le=MAX_PAGE, description="From 1")] = 1
    per_page: Annotated[Number, Field(ge=1, description=f"Cut to {MAX_PER_PAGE}")] = 20

    def wanted(self) -> Page:
        """Return what to read."""
        limit = min(self.per_page, MAX_PER_PAGE)
        return Page((self.page - 1) * limit, limit)

    def pagination(self, total: int) -> "Pagination":
        """Return what to answer beside the items."""
        return Pagination(page=self.page, per_page=min(self.per_page, MAX_PER_PAGE), total=total)


class Pagination(Document):
    """Which page this is, and how many rows there are in all."""

    page: int
    per_page: int
    total: int


def _filled(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "must not be blank")
    return text


def _one_line(text: str) -> str:
    if not text.strip().isprintable():
        raise PydanticCustomError("one_line", "must be one line of printable characters")
    return text


def _slug(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "must not be blank")
    if not set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise PydanticCustomError("slug", "slug must be lowercase alphanumeric with hyphens")
    return text


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _at_most(characters: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if len(text) > characters:
            raise PydanticCustomError("long", "must be at most {most} characters long", {"most": characters})
        return text

    return check


def limited(characters: int) -> tuple[AfterValidator, AfterValidator, Any]:
    """Return the rules of a text that is not blank and not longer than `characters`."""
    schema = Field(json_schema_extra={"minLength": 1, "maxLength": characters, "pattern": r"\S"})
    return AfterValidator(_filled), AfterValidator(_at_most(characters)), schema


Instant = Annotated[int, PlainSerializer(iso, return_type=str, when_used="json"), WithJsonSchema(_DATE_TIME)]
"""An instant that is answered; milliseconds UTC inside."""

When = Annotated[wire.DateTime, PlainSerializer(iso, return_type=str, when_used="json"), WithJsonSchema(_DATE_TIME)]
"""An instant that is sent."""

Whole = Annotated[int, BeforeValidator(_whole)]
Text = Annotated[str, *limited(1_000)]
Name = Annotated[str, *limited(255), AfterValidator(_one_line)]
Slug = Annotated[
    str,
    AfterValidator(_slug),
    AfterValidator(_at_most(100)),
    Field(json_schema_extra={"minLength": 1, "maxLength": 100, "pattern": "^[a-z0-9-]+$"}, examples=["nightly-backup"]),
]
Names = Annotated[list[Annotated[str, *limited(100)]], Field(max_length=50)]
