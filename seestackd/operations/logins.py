"""The dashboard's password, and who is logged in (reliability.md 3.3)."""

from dataclasses import dataclass

from seestackd.core.monitor import DAY_MS, HOUR_MS, MINUTE_MS
from seestackd.operations.projects import DEFAULT
from seestackd.store.interface import Login, Project, Transaction

PASSWORD = "dashboard_password"  # noqa: S105
IDLE_MS = 12 * HOUR_MS
LASTS_MS = 7 * DAY_MS
NOTED_EVERY_MS = MINUTE_MS


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page has to know: is there a password, who is logged in, how many alerts were given up unseen.

    `project` is the one that is shown, `projects` are all of them, the default one first.
    """

    project: Project | None
    password_set: bool
    session: Login | None
    dead: int
    at: int
    projects: tuple[Project, ...] = ()


@dataclass(frozen=True, slots=True)
class LogIn:
    """A session begins; `hash` is the SHA-256 of its secret, `ended` that of one that it takes the place of."""

    hash: str
    source: str | None
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class FrameOf:
    """A visitor: the digest of the session, the slug of the project that a link names, and of the one seen last."""

    hash: str | None
    named: str | None = None
    seen: str | None = None


def frame(tx: Transaction, visitor: FrameOf, at: int) -> Frame:
    """Return what a page knows of its visitor; `project` is None when a link names one that there is not."""
    hashed = visitor.hash
    session = tx.logins.by_hash(hashed) if hashed is not None else None
    if session is not None and (at - session.seen_at > IDLE_MS or at - session.created_at > LASTS_MS):
        session = None
    projects = tuple(sorted(tx.projects.all(), key=lambda each: (each.slug != DEFAULT, each.slug)))
    known = {each.slug: each for each in projects}
    return Frame(
        project=known.get(visitor.named) if visitor.named else known.get(visitor.seen or "", known.get(DEFAULT)),
        password_set=bool(tx.meta(PASSWORD)),
        session=session,
        dead=tx.counting.dead(),
        at=at,
        projects=projects,
    )


def password(tx: Transaction, command: None, at: int) -> str | None:
    """Return the stored hash of the password, None when there is none."""
    return tx.meta(PASSWORD) or None


def set_password(tx: Transaction, hashed: str | None, at: int) -> bool:
    """Set the password's hash, or take it away, and end every session; returns whether there was one before."""
    before = bool(tx.meta(PASSWORD))
    tx.set_meta(PASSWORD, hashed or "")
    tx.logins.remove_all()
    return before


def log_in(tx: Transaction, command: LogIn, at: int) -> None:
    """Begin a session; those that have run out are forgotten."""
    tx.logins.remove_expired(at - LASTS_MS, at - IDLE_MS)
    if command.ended is not None:
        tx.logins.remove(command.ended)
    tx.logins.create(Login(command.hash, at, at, command.source))


def log_out(tx: Transaction, hashed: str, at: int) -> None:
    """End a session."""
    tx.logins.remove(hashed)


def note_use(tx: Transaction, hashed: str, at: int) -> None:
    """Put off the end of a session that is used."""
    tx.logins.touch(hashed, at)
