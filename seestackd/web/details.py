"""What is wrong with a document, as `details`: field path to message (contract.md 1.1 and 1.3)."""

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from seestackd.web.refusal import VALIDATION_FAILED, Refusal

MAX_DETAILS = 1000
"""A document of a million bad events gets no million messages."""

_LISTS = frozenset({"requests", "events"})
_NUMBERS = frozenset({"durationMs", "statusCode", "requestSize", "responseSize", "timestampMillis", "at", "sentAt"})
_PATTERNS = {
    "slug": "must consist of lower-case letters, digits and hyphens",
    "timestamp": "must be a date and time with zone, for example 2026-03-31T12:00:00Z",
}
_TYPES = {
    "string_type": "must be a string",
    "int_type": "must be an integer",
    "float_type": "must be an integer",
    "finite_number": "must be an integer",
    "literal_error": "must be 'inbound' or 'outbound'",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "too_short": "must not be empty",
    "too_long": "size must be between 0 and 100",
}


def refusal_of(error: ValidationError, body: bytes, items: tuple[str, TypeAdapter[Any]] | None = None) -> Refusal:
    """Return the answer to a document that does not validate; never quotes what was sent.

    `items` names a list whose validation stops at its first bad item, and the type of its items.
    """
    errors = error.errors(include_url=False)
    first = errors[0]
    if first["type"] == "json_invalid":
        return Refusal(400, "MALFORMED_JSON", f"The body is not valid JSON: {first['ctx']['error']}")
    if not first["loc"]:
        return Refusal(400, "MALFORMED_JSON", "The body must be a JSON object")
    details = _details(errors)
    if items is not None:
        details |= _of_items(body, *items)
    return Refusal(422, "VALIDATION_ERROR", VALIDATION_FAILED, details=details)


def _of_items(body: bytes, field: str, item: TypeAdapter[Any]) -> dict[str, str]:
    items = from_json(body, cache_strings="keys").get(field)
    found: dict[str, str] = {}
    for index, value in enumerate(items if isinstance(items, list) else []):
        try:
            item.validate_python(value)
        except ValidationError as error:
            found |= _details(error.errors(include_url=False), (field, index))
        if len(found) >= MAX_DETAILS:
            break
    return found


def _details(errors: Iterable[ErrorDetails], before: tuple[str | int, ...] = ()) -> dict[str, str]:
    found: dict[str, str] = {}
    for error in errors:
        path, message = _path((*before, *error["loc"])), _message(error)
        # A number is tried as an integer, then as a fraction: the second one knows better than "no integer".
        if found.get(path, _TYPES["int_type"]) == _TYPES["int_type"]:
            found[path] = message
    return found


def _path(loc: tuple[str | int, ...]) -> str:
    """Write `requests[0].method`; leaves out the branch of a union that follows the field's name."""
    if len(loc) > 1 and isinstance(loc[1], int):
        return f"{loc[0]}[{loc[1]}]" + (f".{loc[2]}" if len(loc) > 2 else "")
    return str(loc[0])


def _field(loc: tuple[str | int, ...]) -> str:
    named = loc[2:3] if len(loc) > 1 and isinstance(loc[1], int) else loc[:1]
    return str(named[0]) if named else ""


def _required(field: str) -> str:
    if field in _LISTS:
        return "must not be empty"
    return "must not be blank" if field and field not in _NUMBERS else "must not be null"


def _message(error: ErrorDetails) -> str:
    kind = error["type"]
    field = _field(error["loc"])
    if kind == "missing" or error["input"] is None:
        return _required(field)
    if kind == "greater_than_equal":
        return f"must be greater than or equal to {int(error['ctx']['ge'])}"
    if kind in ("less_than_equal", "less_than"):
        most = error["ctx"]["le"] if kind == "less_than_equal" else int(error["ctx"]["lt"]) - 1
        return f"must be less than or equal to {most}"
    if kind in ("string_pattern_mismatch", "literal_error") and not str(error["input"]).strip():
        return "must not be blank"
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(field, "must not be blank")
    return _TYPES.get(kind, error["msg"])
