"""`seestackd erase` as operations: ask, then step until nothing is left to do."""

from typing import Any

from seestackd.cli.verbs import Call, Verb
from seestackd.cli.verbs.monitors import project_of
from seestackd.core.erasure import Subject
from seestackd.errors import Invalid
from seestackd.operations import erasure
from seestackd.store.interface import Transaction


def ask(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Have a session or a user erased. Raises Invalid."""
    asked = erasure.Erase(project_of(tx), Subject(call.text("subject")), call.text("value"))
    try:
        found = erasure.ask(tx, asked, at)
    except Invalid as error:
        raise Invalid(error.message, field="value") from None
    return {"id": found.uid}


def step(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Erase a little."""
    return {"more": erasure.step(tx, None, at).more}


def show(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Tell how many rows went."""
    found = next(each for each in erasure.log(tx, None, at) if each.uid == call.text("id"))
    return {"id": found.uid, "subject": found.subject.value, "rows": found.rows}


VERBS = {"erase.ask": Verb(ask), "erase.step": Verb(step), "erase.show": Verb(show, reads=True)}
