"""The OpenAPI 3.1 document of the management API, made of the routes and of the models that check and answer."""

import re
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from seestackd import __version__
from seestackd.core.keys import Scope
from seestackd.web.api.fields import Query
from seestackd.web.api.route import Route
from seestackd.web.api.routes import ROUTES

_SCHEMAS = "#/components/schemas/"
_ABOUT = """\
Manages what seestackd watches. Send a key of scope `read` (GET only) or `admin` as `Authorization: Bearer <key>`; make
one with `seestackd key create NAME --scope admin`. A key belongs to one project and sees nothing of others, so
`projectId` may be left out everywhere. Admin keys of the project `default` make, rename and delete projects, and the
keys of all of them.

Every answer is an envelope: `data` on success, else `error` with `code`, `message` and, where fields break a rule,
`details` (field path to message). Instants are ISO 8601 in UTC. Lists take `page` (from 1) and `perPage` (cut to 200).
Monitors that are declared in the configuration file cannot be changed here (409); they can be paused.
"""
_WHY = {
    400: "The body is not JSON, or the request is not valid HTTP: a URL over 8 KiB, for example",
    401: "No key, or one that is not known",
    403: "The key's scope does not allow it",
    404: "No such object in this project",
    408: "The body did not arrive in time",
    409: "It exists already, or its state forbids it",
    412: "It was changed since: the ETag is another",
    413: "The body is too large",
    415: "The body is not application/json",
    422: "Fields break rules; `details` names them",
    503: "Nothing can be stored just now; try again after `Retry-After` seconds",
}
_META = {
    "type": "object",
    "required": ["requestId", "timestamp"],
    "properties": {
        "requestId": {"type": "string", "format": "uuid"},
        "timestamp": {"type": "string", "format": "date-time"},
    },
}
_PROBLEM = {
    "type": "object",
    "required": ["success", "error", "meta"],
    "properties": {
        "success": {"const": False},
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "examples": ["VALIDATION_ERROR"]},
                "message": {"type": "string"},
                "details": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        },
        "meta": {"$ref": _SCHEMAS + "Meta"},
    },
}


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return the document; not to be changed."""
    schemas = _schemas()
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.full_path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "seestackd", "version": __version__, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in ROUTES)],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {**schemas, "Meta": _META, "Problem": _PROBLEM},
            "responses": {_response_name(status): _problem(status) for status in _WHY},
        },
    }


def _schemas() -> dict[str, Any]:
    sent: set[type[BaseModel]] = {route.body for route in ROUTES if route.body is not None}
    answered: set[type[BaseModel]] = {route.result for route in ROUTES if route.result is not None}
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        *((model, "validation") for model in sorted(sent, key=lambda model: model.__name__)),
        *((model, "serialization") for model in sorted(answered, key=lambda model: model.__name__)),
    ]
    _, definitions = models_json_schema(models, ref_template=_SCHEMAS + "{model}")
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "description": " ".join([route.description, f"Needs a key of scope `{_scopes(route)}`."]).strip(),
        "parameters": [*_path_parameters(route), *_query_parameters(route.query), *_header_parameters(route)],
        "responses": _responses(route),
    }
    if route.body is not None:
        content: dict[str, Any] = {"schema": {"$ref": _SCHEMAS + route.body.__name__}}
        if route.example is not None:
            content["examples"] = {"example": {"value": dict(route.example)}}
        operation["requestBody"] = {"required": route.body_required, "content": {"application/json": content}}
    return operation


def _scopes(route: Route) -> str:
    return "read` or `admin" if route.scope is Scope.READ else "admin"


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    schema = {"type": "string", "format": "uuid"} if route.part == "uuid" else {"type": "string", "minLength": 1}
    names = re.findall(r"{(\w+)}", route.path)
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in names]


def _query_parameters(query: type[Query]) -> list[dict[str, Any]]:
    properties = query.model_json_schema(mode="validation")["properties"]
    return [_query_parameter(name, dict(schema)) for name, schema in properties.items()]


def _query_parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    schema.pop("title", None)
    description = schema.pop("description", None)
    some = [option for option in schema.pop("anyOf", []) if option != {"type": "null"}]
    if some:
        # A query knows no null: what is not wished is left out.
        schema = {**some[0], **{key: value for key, value in schema.items() if key != "default"}}
    parameter = {"name": name, "in": "query", "required": False, "schema": schema}
    return parameter if description is None else {**parameter, "description": description}


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    if 412 not in route.problems:
        return []
    schema = {"type": "string", "pattern": r'^(\*|"[0-9]{1,15}")$', "examples": ['"3"']}
    return [{"name": "If-Match", "in": "header", "required": False, "schema": schema}]


def _responses(route: Route) -> dict[str, Any]:
    success: dict[str, Any] = {"description": HTTPStatus(route.status).phrase}
    if route.result is not None:
        success["content"] = {"application/json": {"schema": _envelope(route.result)}}
    if route.tagged or "version" in getattr(route.result, "model_fields", {}):
        success["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "For If-Match"}}
    refused = {str(status): {"$ref": f"#/components/responses/{_response_name(status)}"} for status in _statuses(route)}
    return {str(route.status): success, **refused}


def _statuses(route: Route) -> Iterable[int]:
    statuses = {400, 401, 403, 404, 422, 503, *route.problems}
    if route.body is not None:
        statuses |= {408, 413, 415}
    return sorted(statuses)


def _envelope(result: type[BaseModel]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["success", "data", "meta"],
        "properties": {
            "success": {"const": True},
            "data": {"$ref": _SCHEMAS + result.__name__},
            "meta": {"$ref": _SCHEMAS + "Meta"},
        },
    }


def _response_name(status: int) -> str:
    return HTTPStatus(status).phrase.title().replace(" ", "").replace("-", "")


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": _WHY[status],
        "content": {"application/json": {"schema": {"$ref": _SCHEMAS + "Problem"}}},
    }
