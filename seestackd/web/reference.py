"""/openapi.json, and /docs: the same document as a page for people, without a script or another host."""

import json
from functools import lru_cache
from html import escape
from typing import Any

from aiohttp import web

from seestackd.web.openapi import document

_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Server": "seestackd",
    "Cache-Control": "no-cache",
}
_STYLE = """\
:root { color-scheme: light dark; --ink: #1f2328; --dim: #57606a; --line: #d0d7de; --paper: #fff; --code: #f6f8fa;
  --accent: #0f766e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9ca3af; --line: #30363d; --paper: #0d1117;
  --code: #161b22; --accent: #2dd4bf; } }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
a { color: var(--accent); } code, pre { font-family: ui-monospace, monospace; font-size: .875em; }
code { background: var(--code); padding: 0 .25em; overflow-wrap: anywhere; }
pre { background: var(--code); padding: .75rem; overflow-x: auto; border: 1px solid var(--line); }
pre code { padding: 0; }
section { border-top: 1px solid var(--line); margin-top: 2rem; } h3 code { background: none; }
.method { color: var(--accent); font-weight: 700; } .dim { color: var(--dim); }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; font-weight: 600; padding: .5rem 0; }
th, td { border: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top; }
nav ul { columns: 16rem; padding-left: 1.25rem; }
"""


def add_documentation(app: web.Application) -> None:
    """Register /openapi.json, /docs and its style sheet."""
    app.router.add_get("/openapi.json", _openapi)
    app.router.add_get("/docs", _docs)
    app.router.add_get("/docs/style.css", _style)


async def _openapi(request: web.Request) -> web.Response:
    return web.Response(body=_json(), content_type="application/json", headers=_SECURITY)


async def _docs(request: web.Request) -> web.Response:
    return web.Response(text=page(), content_type="text/html", headers=_SECURITY)


async def _style(request: web.Request) -> web.Response:
    return web.Response(text=_STYLE, content_type="text/css", headers=_SECURITY)


@lru_cache(maxsize=1)
def _json() -> bytes:
    return json.dumps(document(), ensure_ascii=False, separators=(",", ":")).encode()


@lru_cache(maxsize=1)
def page() -> str:
    """Return the reference page."""
    whole = document()
    operations = [
        (path, method, operation) for path, item in whole["paths"].items() for method, operation in item.items()
    ]
    links = "".join(
        f'<li><a href="#{operation["operationId"]}">{escape(operation["summary"])}</a></li>'
        for _, _, operation in operations
    )
    about = "".join(f"<p>{_marked(part)}</p>" for part in whole["info"]["description"].strip().split("\n\n"))
    body = "".join(_operation(whole, *each) for each in operations)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>seestackd API</title>'
        '<link rel="stylesheet" href="docs/style.css"></head><body><header><h1>seestackd API</h1>'
        f'<p class="dim">Version {escape(whole["info"]["version"])} · <a href="openapi.json">OpenAPI document</a></p>'
        f'</header><main>{about}<nav aria-label="Calls"><ul>{links}</ul></nav>{body}</main></body></html>'
    )


def _operation(whole: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> str:
    parts = [
        f'<section id="{operation["operationId"]}"><h2>{escape(operation["summary"])}</h2>',
        f'<h3><span class="method">{method.upper()}</span> <code>{escape(path)}</code></h3>',
        f"<p>{_marked(operation['description'])}</p>",
        _parameters(operation["parameters"]),
    ]
    sent = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if sent is not None:
        parts.append(_fields(whole, sent["schema"], "Body"))
        parts += [_curl(path, method, example["value"]) for example in sent.get("examples", {}).values()]
    for status, response in operation["responses"].items():
        answered = response.get("content", {}).get("application/json")
        if answered is not None:
            parts.append(_fields(whole, answered["schema"]["properties"]["data"], f"{status}: data"))
    parts.append(_statuses(whole, operation["responses"]) + "</section>")
    return "".join(parts)


def _parameters(parameters: list[dict[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{each['in']}</td><td>{_type(each['schema'])}</td>"
        f"<td>{_marked(each.get('description', ''))}</td></tr>"
        for each in parameters
    )
    head = "<tr><th>Name</th><th>In</th><th>Type</th><th>Meaning</th></tr>"
    return f"<table><caption>Parameters</caption>{head}{rows}</table>" if rows else ""


def _fields(whole: dict[str, Any], schema: dict[str, Any], caption: str) -> str:
    name = schema["$ref"].rpartition("/")[2]
    model = whole["components"]["schemas"][name]
    required = set(model.get("required", ()))
    rows = ""
    for field, its in model.get("properties", {}).items():
        needed = "" if field in required else ' <span class="dim">optional</span>'
        rows += f"<tr><td><code>{escape(field)}</code>{needed}</td><td>{_type(its)}</td>"
        rows += f"<td>{_marked(its.get('description', ''))}</td></tr>"
    # The items of a list are shown where the list is.
    items = model.get("properties", {}).get("items", {}).get("items")
    inner = _fields(whole, items, f"{caption}.items[]") if items is not None else ""
    about = f"<p>{_marked(model.get('description', ''))}</p>"
    head = "<tr><th>Field</th><th>Type</th><th>Meaning</th></tr>"
    return f"{about}<table><caption>{escape(caption)}</caption>{head}{rows}</table>{inner}"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return escape(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    bounds = [f"{word} {schema[key]}" for key, word in (("minimum", "≥"), ("maximum", "≤")) if key in schema]
    if "default" in schema:
        bounds.append(f"default {schema['default']}")
    return escape(" ".join([schema.get("format") or schema.get("type", "any"), *bounds]))


def _statuses(whole: dict[str, Any], responses: dict[str, Any]) -> str:
    rows = ""
    for status, response in responses.items():
        named = response.get("$ref", "").rpartition("/")[2]
        shown = whole["components"]["responses"][named] if named else response
        rows += f"<tr><td>{status}</td><td>{_marked(shown['description'])}</td></tr>"
    return f"<table><caption>Statuses</caption><tr><th>Status</th><th>When</th></tr>{rows}</table>"


def _curl(path: str, method: str, body: dict[str, Any]) -> str:
    text = (
        f'curl -X {method.upper()} -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\\n'
        f"  -d '{json.dumps(body)}' \\\n  \"$SEESTACKD{path}\""
    )
    return f'<pre tabindex="0"><code>{escape(text)}</code></pre>'


def _marked(text: str) -> str:
    """Return text as HTML, what stands between backticks as code."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces))
