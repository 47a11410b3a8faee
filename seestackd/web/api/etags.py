"""ETags of objects that count no versions: made from what is shown of them, compared when they change."""

from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar

from seestackd.errors import Conflict
from seestackd.runner import Operation
from seestackd.store.interface import Transaction
from seestackd.web.api.fields import Document
from seestackd.web.api.route import Call, Reply
from seestackd.web.api.service import expected_version

Command = TypeVar("Command")
Result = TypeVar("Result")
_BYTES = 6


def tagged(document: Document, **headers: str) -> Reply:
    """Return an answer with the ETag of its document."""
    return Reply(document, {**headers, "ETag": f'"{_mark(document)}"'})


def unchanged(
    call: Call,
    present: Callable[[Transaction, int], Document],
    operation: Operation[Command, Result],
) -> Operation[Command, Result]:
    """Return the operation, to be done only while If-Match is the ETag of what is `present`.

    It raises Conflict with the field "version" when it is not, and Refusal for what is no ETag of ours.
    """
    expected = expected_version(call)
    if expected is None:
        return operation

    def checked(tx: Transaction, command: Command, at: int) -> Result:
        if _mark(present(tx, at)) != expected:
            raise Conflict("It was changed by somebody else; read it again and repeat", field="version")
        return operation(tx, command, at)

    return checked


def _mark(document: Document) -> int:
    return int.from_bytes(sha256(document.model_dump_json().encode()).digest()[:_BYTES])
