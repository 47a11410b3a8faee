"""`seestackd import`: monitors from a file that `export`, Healthchecks or Cronitor made."""

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from seestackd.cli import foreign_list
from seestackd.cli.arguments import path
from seestackd.cli.client import ask, settings_for
from seestackd.cli.failures import Exit, Failure
from seestackd.cli.progress import add_quiet, waiting

if TYPE_CHECKING:
    from seestackd.cli.foreign_list import Listed


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("import", help="take over monitors from seestackd, Healthchecks or Cronitor")
    command.add_argument(
        "file", metavar="FILE", type=path, help="TOML of `seestackd export`, or their list as JSON or YAML"
    )
    command.add_argument(
        "--from", dest="kind", choices=foreign_list.KINDS, help="whose list it is (default: by its content)"
    )
    command.add_argument("--write", action="store_true", help="add and change the monitors")
    command.add_argument("--dry-run", action="store_true", help="only print, as without --write")
    command.add_argument("--json", action="store_true", help="for scripts")
    add_quiet(command)
    command.set_defaults(command=bring_in)


def bring_in(options: Namespace) -> int:
    """Check everything, print what is added and changed, and do it when asked to: all of it or nothing."""
    if options.write and options.dry_run:
        raise Failure("--write and --dry-run contradict each other; give one of them", Exit.USAGE)
    with waiting(options.quiet, "reading the list"):
        listed = foreign_list.listed(options.file, options.kind)
        _check(options, listed)
    wanted = _wanted(listed)
    with waiting(options.quiet, f"{'importing' if options.write else 'comparing'} {len(wanted['tables']):,} monitors"):
        changes = ask(options, "monitor.import" if options.write else "monitor.plan", **wanted)
    _tell(options, listed, changes)
    return Exit.OK


def _check(options: Namespace, listed: "Listed") -> None:
    """Complain of everything that is wrong, with its place in the file. Raises BadSettings."""
    from seestackd.monitors_file import of_reading

    of_reading(listed.reading, settings_for(options))


def _wanted(listed: "Listed") -> dict[str, Any]:
    import secrets

    kept = {entry.slug: entry.ping_id for entry in listed.entries if entry.ping_id}
    tables = listed.reading.raw.get("monitors", {})
    return {"tables": tables, "ping_ids": {slug: kept.get(slug) or secrets.token_urlsafe(16) for slug in tables}}


def _tell(options: Namespace, listed: "Listed", changes: dict[str, Any]) -> None:
    from seestackd.cli.config import told
    from seestackd.cli.output import as_json, note

    touched = {*changes["added"], *changes["restored"], *(each["slug"] for each in changes["changed"])}
    left = [{"where": entry.where, "reason": entry.left} for entry in listed.entries if entry.left]
    noted = [(entry, text) for entry in listed.entries if entry.slug in touched for text in entry.notes]
    if options.json:
        notes = [{"where": entry.where, "slug": entry.slug, "note": text} for entry, text in noted]
        as_json({**changes, "left_alone": left, "notes": notes, "written": bool(options.write)})
        return
    told(changes)
    for each in left:
        note(f"left alone: {each['where']}: {each['reason']}")
    for entry, text in noted:
        note(f"{entry.slug}: {text}")
    if touched and not options.write:
        note("Nothing was changed. To add and change these monitors: --write")
    elif any(entry.ping_id and entry.slug in changes["added"] for entry in listed.entries):
        note(
            "Their ping addresses end as before, so jobs need this server's name only; see: seestackd monitor show SLUG"
        )
