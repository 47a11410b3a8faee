"""`seestackd project …`."""

from argparse import Namespace
from typing import Any

from seestackd.cli.asking import add_yes, confirm
from seestackd.cli.client import ask
from seestackd.cli.failures import Exit


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    nouns = commands.add_parser("project", help="add, list and remove projects")
    verbs = nouns.add_subparsers(required=True, metavar="VERB")
    add = verbs.add_parser("add", help="make a project")
    add.add_argument("name", metavar="NAME", help="what people read")
    add.add_argument("--slug", metavar="SLUG", help="a-z, 0-9 and hyphens (default: made from the name)")
    add.add_argument("--json", action="store_true", help="for scripts")
    add.set_defaults(command=_add)
    listed = verbs.add_parser("ls", help="list the projects")
    listed.add_argument("--json", action="store_true", help="for scripts")
    listed.add_argument("-q", "--quiet", action="store_true", help="slugs only")
    listed.set_defaults(command=_list)
    remove = verbs.add_parser("rm", help="delete a project without monitors, with its keys")
    remove.add_argument("slug", metavar="SLUG")
    add_yes(remove)
    remove.set_defaults(command=_remove)


def _add(options: Namespace) -> int:
    from seestackd.cli.output import as_json, note

    project = ask(options, "project.add", name=options.name, slug=options.slug)
    if options.json:
        as_json(project)
        return Exit.OK
    print(f"{project['slug']} is there.")
    note(f"Make a key for it: seestackd key create NAME --project {project['slug']}")
    return Exit.OK


def _list(options: Namespace) -> int:
    from seestackd.cli.output import listed

    answer = ask(options, "project.ls")
    found = answer["projects"]
    listed(
        options,
        answer,
        [each["slug"] for each in found],
        ("SLUG", "NAME", "MONITORS", "KEYS", "CREATED"),
        lambda: [
            (each["slug"], each["name"], str(each["monitors"]), str(each["keys"]), each["created_at"][:10])
            for each in found
        ],
        "There is no project yet; the first monitor or key makes one.",
    )
    return Exit.OK


def _remove(options: Namespace) -> int:
    what = f"{options.slug} with its keys"
    confirm(options, f"Delete {what}?", f"project rm deletes {what}")
    ask(options, "project.rm", slug=options.slug)
    print(f"{options.slug} is removed.")
    return Exit.OK
