"""What is wrong with a query or a body: one sentence per field, naming the fix; nothing sent is quoted back."""

import types
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from seestackd.errors import Conflict, Invalid, SeestackdError
from seestackd.web import documents
from seestackd.web.api.fields import Body, Query
from seestackd.web.errors import VALIDATION_FAILED, Refusal, of_error

Sent = TypeVar("Sent", Body, Query)

MAX_NAME_SHOWN = 64
_SIMILAR = 0.85
_MESSAGES = {
    "string_type": "must be a string",
    "int_type": "must be an integer",
    "int_from_float": "must be an integer",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "string_pattern_mismatch": "must be a date and time with zone, for example 2026-03-31T12:00:00Z",
    "greater_than_equal": "must be greater than or equal to {ge}",
    "less_than_equal": "must be less than or equal to {le}",
    "greater_than": "must be greater than {gt}",
    "too_long": "size must be between 0 and {max_length}",
    "literal_error": "must be one of: {expected}",
}
# The words of the operations, where they are not those of the wire.
_FIELDS = {"start": "startsAt", "end": "endsAt", "duration": "durationSec", "monitor": "monitors"}


def parsed_body(model: type[Sent], body: bytes) -> Sent:
    """Return the document; raises Refusal naming every field that breaks a rule."""
    try:
        document = model.model_validate_json(body)
    except ValidationError as error:
        raise _refusal(model, error) from None
    if b"\\u0000" in body:
        _refuse_nul(document)
    documents.check(body)
    _refuse_slips(document)
    return document


def parsed_query(model: type[Sent], query: Iterable[tuple[str, str]]) -> Sent:
    """Return the query; raises Refusal naming every parameter that breaks a rule or is given twice."""
    values: dict[str, str] = {}
    for name, value in query:
        if name in values:
            raise _invalid({_shown(name): "is given twice; give it once"})
        if "\0" in value:
            raise _invalid({_shown(name): "must not contain NUL characters"})
        values[name] = value
    known = {field.alias or name for name, field in model.model_fields.items()}
    try:
        # An empty parameter is what a form sends for "no wish".
        document = model.model_validate({name: value for name, value in values.items() if value or name not in known})
    except ValidationError as error:
        raise _refusal(model, error) from None
    _refuse_slips(document)
    begins, ends = (getattr(document, name, None) for name in ("since", "until"))
    if begins is not None and ends is not None and ends < begins:
        raise _invalid({"to": "lies before from; give a later time"})
    return document


def of_operation(error: SeestackdError) -> Refusal:
    """Return the answer to an error of an operation, its field named as on the wire."""
    if isinstance(error, Conflict) and error.field == "version":
        return Refusal(412, "PRECONDITION_FAILED", error.message)
    if isinstance(error, Invalid) and error.field:
        return _invalid({_on_the_wire(_FIELDS.get(error.field, error.field)): error.message})
    return of_error(error)


def _on_the_wire(field: str) -> str:
    """Return the name of a field in camelCase; a path is one of the wire already."""
    if "." in field or "[" in field:
        return field
    head, *rest = field.split("_")
    return head + "".join(word.title() for word in rest)


def _invalid(details: Mapping[str, str]) -> Refusal:
    return Refusal(422, "VALIDATION_ERROR", VALIDATION_FAILED, details=details)


def _refusal(model: type[BaseModel], error: ValidationError) -> Refusal:
    errors = error.errors(include_url=False)
    first = errors[0]
    if first["type"] == "json_invalid":
        return Refusal(400, "MALFORMED_JSON", f"The body is not valid JSON: {first['ctx']['error']}")
    if not first["loc"] and first["type"] in ("model_type", "model_attributes_type"):
        return Refusal(400, "MALFORMED_JSON", "The body must be a JSON object")
    return _invalid({_path(each["loc"]): _message(model, each) for each in reversed(errors)})


def _path(loc: tuple[str | int, ...]) -> str:
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path or "body"


def _message(model: type[BaseModel], error: ErrorDetails) -> str:
    kind = error["type"]
    if kind == "missing" or error["input"] is None:
        return _required(model, error["loc"])
    return _MESSAGES.get(kind, error["msg"]).format_map(error.get("ctx") or {})


def _required(model: type[BaseModel], loc: tuple[str | int, ...]) -> str:
    if len(loc) != 1:
        return "must not be null"
    kind = next((_kind(f.annotation) for name, f in model.model_fields.items() if loc[0] in (f.alias, name)), None)
    if kind is str:
        return "must not be blank"
    return "must not be empty" if kind is list else "must not be null"


def _kind(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        return _kind(next(arg for arg in get_args(annotation) if arg is not type(None)))
    return get_origin(annotation) or annotation


def _refuse_nul(document: Body | Query) -> None:
    fields = type(document).model_fields.items()
    held = [field.alias or name for name, field in fields if "\\x00" in repr(getattr(document, name))]
    if held:
        raise _invalid(dict.fromkeys(held, "must not contain NUL characters"))


def _refuse_slips(document: Body | Query) -> None:
    """Refuse an unknown name that is nearly a known one: ignored, it would change nothing and say so to nobody."""
    known = {_plain(field.alias or name): field.alias or name for name, field in type(document).model_fields.items()}
    slips: dict[str, str] = {}
    for name in document.model_extra or ():
        near = get_close_matches(_plain(name[:MAX_NAME_SHOWN]), known, 1, _SIMILAR)
        if near:
            slips[_shown(name)] = f"is not known; did you mean {known[near[0]]}?"
    if slips:
        raise _invalid(slips)


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _shown(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name[:MAX_NAME_SHOWN])
