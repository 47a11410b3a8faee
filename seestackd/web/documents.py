"""Limits on JSON that its parser does not know: no NaN, no NUL, no nesting or width without end.

For documents that have parsed already, so quotes pair and brackets match.
"""

import re
from typing import Any

import re2

from seestackd.web.refusal import Refusal

MAX_DEPTH = 32
MAX_KEYS = 1000

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_NOT_JSON = (b"NaN", b"Infinity")
_STRUCTURE = b"{}[]:"
_NO_STRUCTURE = bytes(set(range(256)) - set(_STRUCTURE))
_FEW_KEYS = 16
_LARGE = 4096
_MEMORY = 64 * 1024 * 1024  # for the states of the pattern; it takes what it needs


def _plain() -> Any:
    """Return a pattern of an object of few keys whose values are scalars or lists of flat objects of few keys.

    RE2 reads such a document in one pass, and others run meanwhile: most large bodies are batches of this shape.
    """
    options = re2.Options()
    options.max_mem = _MEMORY
    options.never_capture = True
    options.encoding = re2.Options.Encoding.LATIN1
    text = rb'"(?:[^"\\]|\\(?:[^u]|u(?:[^0]|0(?:[^0]|0(?:[^0]|0[^0])))))*"'
    # N and I begin what Python takes for numbers: NaN, Infinity.
    scalars = rb'(?:[^":{}\[\]NI]|' + text + rb")*"
    few = rb"{0,%d}" % _FEW_KEYS
    item = rb"\{" + scalars + rb"(?::" + scalars + rb")" + few + rb"\}"
    value = scalars + rb"(?:\[(?:" + scalars + rb"|" + item + rb")*\]" + scalars + rb")?"
    return re2.compile(rb"(?s)\A" + scalars + rb"\{" + scalars + rb"(?::" + value + rb")" + few + rb"\}\s*\z", options)


_PLAIN = _plain()


def check(body: bytes) -> None:
    """Raise Refusal when a document breaks a limit, wherever that is, in fields that nobody reads too.

    Cheap for small documents and for batches of flat ones; otherwise many brackets cost about 0.1 ms per kB of them.
    """
    if len(body) > _LARGE and _PLAIN.search(body) is not None:
        return
    if rb"\u0000" in body and _NUL.search(body):
        raise Refusal(422, "VALIDATION_ERROR", "Text must not contain NUL characters")
    may_be_deep = body.count(b"{") + body.count(b"[") > MAX_DEPTH
    may_be_wide = body.count(b":") > MAX_KEYS
    may_not_be_json = b"NaN" in body or b"Infinity" in body
    if not (may_be_deep or may_be_wide or may_not_be_json):
        return
    skeleton = _without_strings(body)
    if may_not_be_json and any(word in skeleton for word in _NOT_JSON):
        raise Refusal(400, "MALFORMED_JSON", "NaN and Infinity are not JSON")
    _check_shape(skeleton.translate(None, _NO_STRUCTURE))


def _without_strings(body: bytes) -> bytes:
    """Return what stands outside of strings: only there JSON has no backslashes, so quotes that stay pair up."""
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(body.split(b'"')[::2])


def _check_shape(structure: bytes) -> None:
    keys = [0]
    for character in structure:
        if character in b"{[":
            keys.append(0)
            if len(keys) > MAX_DEPTH + 1:
                raise Refusal(422, "VALIDATION_ERROR", f"Nested deeper than {MAX_DEPTH} levels")
        elif character in b"}]":
            keys.pop()
        else:
            keys[-1] += 1
            if keys[-1] > MAX_KEYS:
                raise Refusal(422, "VALIDATION_ERROR", f"An object has more than {MAX_KEYS} keys")
