"""Limits on JSON that its parser does not know: no NaN, no NUL, no nesting or width without end.

For documents that have parsed already, so quotes pair and brackets match.
"""

import re

from seestackd.web.errors import Refusal

MAX_DEPTH = 32
MAX_KEYS = 1000

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_NOT_JSON = (b"NaN", b"Infinity")
_STRUCTURE = b"{}[]:"
_NO_STRUCTURE = bytes(set(range(256)) - set(_STRUCTURE))


def check(body: bytes) -> None:
    """Raise Refusal when a document breaks a limit, wherever that is, in fields that nobody reads too.

    Cheap for small documents; those with many brackets cost about 0.1 ms per kB of brackets.
    """
    if rb"\u0000" in body and _NUL.search(body):
        raise Refusal(422, "VALIDATION_ERROR", "Text must not contain NUL characters")
    may_be_deep = body.count(b"{") + body.count(b"[") > MAX_DEPTH
    may_be_wide = body.count(b":") > MAX_KEYS
    may_not_be_json = b"NaN" in body or b"Infinity" in body
    if not (may_be_deep or may_be_wide or may_not_be_json):
        return
    skeleton = _STRING.sub(b"", body)
    if may_not_be_json and any(word in skeleton for word in _NOT_JSON):
        raise Refusal(400, "MALFORMED_JSON", "NaN and Infinity are not JSON")
    _check_shape(skeleton.translate(None, _NO_STRUCTURE))


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
