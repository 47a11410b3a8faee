"""Erasing what is stored of a session or a user (reliability.md 5), in small steps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from seestackd.core.erasure import Erasure, Subject, marked, recognises
from seestackd.core.sessions import MASKED_IDS
from seestackd.errors import Invalid
from seestackd.operations.listings import Paged
from seestackd.store.interface import Transaction

MAX_VALUE = 1_000


@dataclass(frozen=True, slots=True)
class Erase:
    """Erase what is stored of a session (fingerprint or session id) or a user of the project."""

    project_id: int
    subject: Subject
    value: str


@dataclass(frozen=True, slots=True)
class Step:
    """Whether a step of erasing has left anything to do."""

    more: bool


def ask(tx: Transaction, command: Erase, at: int) -> Erasure:
    """Have something erased: the steps follow, and are remembered over a restart. Raises Invalid."""
    if not command.value.strip() or len(command.value) > MAX_VALUE:
        raise Invalid(f"must name whose data goes; an id has 1 to {MAX_VALUE} characters", field=command.subject.value)
    if command.value in MASKED_IDS:
        raise Invalid(
            "is what clients write in place of an id, and stands for many sessions; name the fingerprint",
            field=command.subject.value,
        )
    uid = tx.new_id()
    erasure = Erasure(uid, command.project_id, command.subject, command.value, marked(uid, command.value), at)
    tx.erasures.ask(erasure)
    return erasure


def step(tx: Transaction, command: None, at: int) -> Step:
    """Erase a little of what waits: batches, requests, then what is left of them in free room and in the log."""
    erasures = tx.erasures
    erasure = erasures.waiting()
    if erasure is not None:
        if not erasures.erase_batches(erasure) and not (
            erasure.subject is Subject.USER and erasures.erase_requests(erasure)
        ):
            erasures.forget(erasure)
            tx.telemetry.forget()
        return Step(True)
    if not erasures.unclean():
        return Step(False)
    if not erasures.scrub() and erasures.log_is_empty():
        erasures.done(at)
        return Step(False)
    return Step(True)


def waits(tx: Transaction, command: None, at: int) -> bool:
    """Tell whether there is anything to erase."""
    return tx.erasures.waiting() is not None or tx.erasures.unclean()


def listed(tx: Transaction, command: Paged, at: int) -> tuple[list[Erasure], int]:
    """Return a page of erasures, the newest first, and how many there are."""
    return tx.erasures.listed(command.project_id, command.page), tx.erasures.count(command.project_id)


def log(tx: Transaction, command: None, at: int) -> list[Erasure]:
    """Return all that was ever asked."""
    return tx.erasures.all()


def ask_again(tx: Transaction, log: Sequence[Erasure], at: int) -> int:
    """Have erased anew, in a restored backup, what was erased since it was made; returns how many names came back."""
    found = 0
    for erasure in (each for each in log if not tx.erasures.known(each.uid)):
        names = tx.erasures.names(erasure.project_id) if erasure.value is None else [erasure.value]
        value = next((name for name in names if recognises(erasure, name)), None)
        tx.erasures.ask(replace(erasure, value=value, erased_at=at if value is None else None, rows=0))
        found += value is not None
    return found
