"""Reports that could not be sent, on disk: one file each, written whole or not at all, sent later by anybody's run."""

import fcntl
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from seestackd.cli.wrapper.options import Usage, check_slug, check_url
from seestackd.cli.wrapper.reports import Report, Target

MAX_FILES = 1_000
MAX_BYTES = 16 * 1024 * 1024
MAX_AGE_MS = 7 * 86_400_000
"""Older ones are dropped: the daemon believes no older time (semantics.md 3)."""

_ABANDONED_MS = 3_600_000
_NO_TIME = 10**14
_KEPT, _BROKEN, _REFUSED, _UNFINISHED = ".json", ".broken", ".refused", ".tmp"


class NoSpool(Exception):
    """No folder can be used; the message says which, and why."""


class Broken(Exception):
    """A file that is no report: half-written, or somebody else's."""


@dataclass(frozen=True)
class Entry:
    """A report that was kept, and where it goes."""

    name: str
    target: Target
    report: Report


def folders(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Return where reports may be kept, best first."""
    if given := environ.get("SEESTACKD_SPOOL"):
        return [Path(given)]
    user = os.geteuid()
    own = Path(environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")) / "seestackd" / "spool"
    # Users of cron jobs often have no home.
    fallback = Path(f"/var/tmp/seestackd-{user}")  # noqa: S108 - looked at before it is used
    return [Path("/var/spool/seestackd"), fallback] if user == 0 else [own, fallback]


class Spool:
    """The kept reports of one user, at most so many files and bytes; a folder that is not there has none."""

    def __init__(self, folder: Path, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES) -> None:
        self.folder = folder
        self._max_files = max_files
        self._max_bytes = max_bytes

    @classmethod
    def find(cls, environ: Mapping[str, str] = os.environ) -> "Spool":
        """Return the first that can be used. Raises NoSpool."""
        problems = []
        for folder in folders(environ):
            try:
                os.makedirs(folder, mode=0o700, exist_ok=True)
                _check_ours(folder)
                return cls(folder)
            except OSError as error:
                problems.append(f"{folder}: {error.strerror}")
        raise NoSpool("; ".join(problems))

    def put(self, target: Target, report: Report) -> None:
        """Keep a report; the oldest ones make room. Raises OSError."""
        content = _written(target, report)
        self._make_room(len(content))
        name = _name(report)
        unfinished = self.folder / f".{name}{_UNFINISHED}"
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        os.replace(unfinished, self.folder / (name + _KEPT))

    def take_back(self, report: Report) -> None:
        """Forget a report that has arrived after all."""
        (self.folder / (_name(report) + _KEPT)).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """Return the files of all kept reports, oldest first."""
        return self._files(_KEPT)

    def set_aside(self) -> list[str]:
        """Return the files that are not sent any more: broken and refused ones."""
        return self._files(_BROKEN, _REFUSED)

    def read(self, name: str) -> Entry:
        """Return what a file holds. Raises Broken, or FileNotFoundError when another run has sent it."""
        try:
            raw = json.loads((self.folder / name).read_bytes())
            fields = {str(key): str(value) for key, value in raw["fields"].items()}
            output = raw["output"].encode("utf-8", "surrogateescape")
            check_slug(raw["slug"])
            check_url(raw["url"])
            if raw["action"] and not raw["action"].isalnum():
                raise ValueError("action")
            if not 0 <= int(raw["at"]) < _NO_TIME:
                raise ValueError("at")
            report = Report(raw["slug"], raw["action"], int(raw["at"]), fields, output)
            return Entry(name, Target(raw["url"], str(raw["key"])), report)
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError, Usage) as error:
            raise Broken(f"{name}: {type(error).__name__}") from None

    def remove(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def put_aside_broken(self, name: str) -> None:
        self._rename(name, _BROKEN)

    def put_aside_refused(self, name: str) -> None:
        self._rename(name, _REFUSED)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Give whether we alone may send what is kept: several runs may want to."""
        handle = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield True
        except BlockingIOError:
            yield False
        finally:
            os.close(handle)

    def drop_old(self, now: int) -> int:
        """Remove what nobody takes any more; returns how many reports among it were never sent."""
        dropped = 0
        for name in self._files(_KEPT, _BROKEN, _REFUSED, _UNFINISHED):
            age = now - self._changed_at(name)
            if age > (_ABANDONED_MS if name.endswith(_UNFINISHED) else MAX_AGE_MS):
                self.remove(name)
                dropped += name.endswith(_KEPT)
        return dropped

    def _changed_at(self, name: str) -> int:
        try:
            return (self.folder / name).stat().st_mtime_ns // 1_000_000
        except FileNotFoundError:
            return 1 << 62

    def _files(self, *ends: str) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self.folder) if name.endswith(ends))
        except FileNotFoundError:
            return []

    def _rename(self, name: str, end: str) -> None:
        try:
            os.replace(self.folder / name, self.folder / (name.removesuffix(_KEPT) + end))
        except FileNotFoundError:
            return

    def _make_room(self, wanted: int) -> None:
        names = self._files(_KEPT, _BROKEN, _REFUSED)
        sizes = {name: _size(self.folder / name) for name in names}
        # What is set aside goes first, then the oldest.
        for name in sorted(names, key=lambda name: (name.endswith(_KEPT), name)):
            if len(sizes) < self._max_files and sum(sizes.values()) + wanted <= self._max_bytes:
                return
            self.remove(name)
            del sizes[name]


def _check_ours(folder: Path) -> None:
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PermissionError(0, "belongs to somebody else")
    if found.st_mode & 0o022:
        raise PermissionError(0, "others may write to it")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(0, "cannot be written to")


def _name(report: Report) -> str:
    event = "".join(
        character for character in report.fields.get("eventId", "") if character.isalnum() or character == "-"
    )
    return f"{report.at:013d}-{event[:64]}"


def _written(target: Target, report: Report) -> bytes:
    text = json.dumps(
        {
            "version": 1,
            "url": target.url,
            "key": target.source,
            "slug": report.slug,
            "action": report.action,
            "at": report.at,
            "fields": dict(report.fields),
            "output": report.output.decode("utf-8", "surrogateescape"),
        }
    )
    return text.encode()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
