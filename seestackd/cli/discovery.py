"""What `import-crontab` and `import-timers` have in common: proposals, changed files as a diff, and writing them."""

import difflib
import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seestackd.cli.client import ask, settings_for
from seestackd.cli.failures import Exit, Failure
from seestackd.cli.wrapper.options import Usage, check_key

if TYPE_CHECKING:
    from seestackd.core.schedule import Schedule


MAX_PROGRAM = 4096


@dataclass(frozen=True, slots=True)
class Proposal:
    """A monitor that a job should have; `where` is the place it was found at."""

    slug: str
    where: str
    schedule: "Schedule"
    grace: str | None = None

    @property
    def table(self) -> dict[str, str]:
        """Return what a settings file would say of it."""
        said = {"schedule": self.schedule.text, "timezone": self.schedule.timezone}
        return said if self.grace is None else {**said, "grace": self.grace}


@dataclass(frozen=True, slots=True)
class Change:
    """A file as it is and as it shall be; `name` is what people call it."""

    name: str
    before: str
    after: str
    path: Path | None = None

    def diff(self) -> str:
        """Return the change as a unified diff."""
        before, after = self.before.splitlines(keepends=True), self.after.splitlines(keepends=True)
        lines = difflib.unified_diff(before, after, self.name, f"{self.name} (changed)")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def add_options(command: Any) -> None:
    """Add what both commands take."""
    command.add_argument("--key", metavar="file:PATH", help="file with the key that the jobs report with")
    command.add_argument("--program", metavar="PATH", help="how the jobs call seestackd (default: this one)")
    command.add_argument("--write", action="store_true", help="add the monitors and change the files, after a copy")
    command.add_argument("--dry-run", action="store_true", help="only print, as without --write")
    command.add_argument("--json", action="store_true", help="for scripts")


def program_and_key(options: Namespace) -> tuple[str, str]:
    """Return how a job calls seestackd, and its key's source or nothing. Raises Failure."""
    if options.write and options.dry_run:
        raise Failure("--write and --dry-run contradict each other; give one of them", Exit.USAGE)
    if options.key is not None:
        try:
            check_key(options.key)
        except Usage as error:
            raise Failure(str(error), Exit.USAGE) from None
    typed = Path(sys.argv[0])
    program = options.program or (str(typed.resolve()) if typed.name == "seestackd" else "seestackd")
    if (
        len(program) > MAX_PROGRAM
        or not program.isprintable()
        or any(character in program for character in " %'\"\\$;&|<>")
    ):
        raise Failure(
            "--program must be a path without spaces and signs of the shell, such as /opt/seestackd/bin/seestackd",
            Exit.USAGE,
        )
    return program, options.key or ""


def known_slugs(options: Namespace) -> set[str]:
    """Return the slugs that have a monitor already."""
    return {line[0] for line in ask(options, "monitor.table")["lines"]}


def tell(options: Namespace, proposals: Sequence[Proposal], left: Mapping[str, str], changes: Iterable[Change]) -> None:
    """Print what is proposed, what is left alone and why, and the changes."""
    from seestackd.cli.output import as_json, note
    from seestackd.cli.toml import lines

    diffs = [change.diff() for change in changes]
    if options.json:
        monitors = [{"slug": each.slug, "where": each.where, **each.table} for each in proposals]
        alone = [{"where": where, "reason": reason} for where, reason in left.items()]
        as_json({"monitors": monitors, "left_alone": alone, "diff": "".join(diffs), "written": bool(options.write)})
        return
    for each in proposals:
        print(f"# {each.where}", end="")
        for line in lines(each.table, "monitors", each.slug):
            print(line or "")
        print()
    for text in diffs:
        print(text)
    for where, reason in left.items():
        note(f"left alone: {where}: {reason}")
    if not options.write and any(diffs):
        note("Nothing was changed. To add these monitors and change the files: --write")


def add_monitors(options: Namespace, proposals: Iterable[Proposal]) -> None:
    """Add the proposed monitors."""
    import secrets

    from seestackd.cli.output import note

    for each in proposals:
        ask(options, "monitor.add", slug=each.slug, ping_id=secrets.token_urlsafe(16), **each.table)
        note(f"{each.slug} is watched: {each.schedule.text} ({each.schedule.timezone})")


def keep_copy(options: Namespace, name: str, text: str) -> Path:
    """Keep what a file was before in the data folder, for this user alone, and return the copy. Raises Failure."""
    from seestackd.clock import Clock

    folder: Path = settings_for(options).storage.path.parent / "before-import"
    stamp = datetime.fromtimestamp(Clock().now() / 1000, UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    copy = folder / f"{name.strip('/').replace('/', '_').replace(' ', '_')}.{stamp}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _written(copy, text, 0o600)
    except OSError as error:
        raise Failure(f"cannot keep a copy of {name}: {copy}: {error.strerror}; nothing was changed") from None
    return copy


def replace_file(path: Path, text: str) -> None:
    """Let a text take a file's place at once, with its owner and mode. Raises Failure."""
    path = path.resolve()
    # A name that neither cron nor systemd reads.
    beside = path.with_name(f".{path.name}.seestackd.new")
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        state = path.stat() if path.exists() else None
        _written(beside, text, 0o644 if state is None else state.st_mode & 0o777)
        if state is not None and os.geteuid() == 0:
            os.chown(beside, state.st_uid, state.st_gid)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Failure(f"cannot write {path}: {error.strerror}; run as root (sudo)") from None


def _written(path: Path, text: str, mode: int) -> None:
    path.unlink(missing_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    with os.fdopen(file, "w", encoding="utf-8", errors="surrogateescape", newline="") as opened:
        os.fchmod(file, mode)
        opened.write(text)
        opened.flush()
        os.fsync(file)
