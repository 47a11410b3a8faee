"""What people and programs type wrongly, command by command: the kinds of values, and what each may not be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

HOSTILE = {
    "NUL": "a\0b",
    "no UTF-8": "a\udcffb",
    "a newline": "a\nb",
    "ANSI": "\x1b[31mred\x1b[0m\x07",
    "a text turned round": "a\u202eb",
    "100 kB": "x" * 100_000,
}
"""Values that no name, time or number may be."""

ODD = {
    "nothing": "",
    "a blank": " ",
    "a path": "../../etc/passwd",
    "a huge number": "9" * 400,
    "more digits than Python reads": "9" * 5000,
    "no number": "nan",
    "endless": "1e999",
    "SQL": "'; drop table monitors; --",
}


@dataclass(frozen=True)
class Kind:
    """A kind of value: `bad` are those refused, with the exit code; `says` is in every refusal beside the field."""

    bad: Mapping[str, str]
    code: int = 2
    named: str | None = None


def kind(*more: str, code: int = 2, named: str | None = None, without: Sequence[str] = ()) -> Kind:
    """Make a kind that refuses everything hostile and odd, and `more`."""
    bad = {**HOSTILE, **ODD, **{each: each for each in more}}
    return Kind({name: value for name, value in bad.items() if name not in without}, code, named)


def words(*more: str, code: int = 2, named: str | None = None) -> Kind:
    """Make a kind of text: what is merely odd is a good one."""
    return Kind({**HOSTILE, "nothing": "", "a blank": " ", **{each: each for each in more}}, code, named)


SLUG = kind("Backup", "täglich", "a b", "_", without=["no number", "endless"])
MONITOR = kind("gone", code=1, named="monitor")
SCHEDULE = kind("61 * * * *", "* * * *", "0 0 30 2 *", "-5m", "0m", "@sometimes", "every now and then")
ZONE = kind("Berlin", "UTC+25", "/etc/localtime")
TIME = kind("soon", "-5m", "5", "1.5h", "5 parsecs")
MAX_RUNTIME = kind("soon", "-5m", "0m", "367d", without=["nothing"])
COUNT = kind("0", "-1", "1.5", "0x10", "101", "one", "٣")
FACTOR = kind("0", "1", "-2", "inf", "-inf", "1e400", "fast")
TEXT = words()
CHANNEL = kind("opps", code=1, named="channel")
TAG = kind("two words", without=["no number", "endless", "a huge number", "more digits than Python reads"])

ID = kind("0", "-1", "1.5", "x", str(2**63))
WHEN = kind("noon", "2001-01-01", "9999-12-31T23:59", "0000-00-00", "2030-02-30T00:00")
CHOICE = kind("none-such")
NO_FILE = Kind({"NUL": HOSTILE["NUL"], "nothing": ""})
UNREADABLE = Kind({"100 kB": HOSTILE["100 kB"], "a folder": "/", "gone": "/no/such/file"}, 1)
ANYTHING = Kind({})
"""A value that may be whatever it is."""


@dataclass(frozen=True)
class Row:
    """One call that is wrong: `names` is what the sentence has to name."""

    words: tuple[str, ...]
    code: int
    names: str
    stdin: str = ""


@dataclass(frozen=True)
class Verb:
    """A command: `good` are its positionals by name, `fields` the kinds of all values, `rows` all else that is bad."""

    good: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    fields: Mapping[str, Sequence[Kind]] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()


_RULES = {
    "--timezone": [ZONE], "--name": [TEXT], "--grace": [TIME], "--max-runtime": [MAX_RUNTIME],
    "--failures-before-alert": [COUNT], "--successes-before-recovery": [COUNT], "--slow-factor": [FACTOR],
    "--remind-every": [TIME], "--public-name": [Kind(HOSTILE)], "--channel": [CHANNEL], "--tag": [TAG],
}  # fmt: skip
_END = {"--for": [TIME], "--until": [WHEN]}
_ENDS = Row(("job", "--for", "1h", "--until", "2099-01-01T00:00"), 2, "--until and --for")
_IMPORTS = {"--key": [kind("secret")], "--program": [Kind({**HOSTILE, "two": "a b", "shell": "a;b"})]}
_CREATION = {"--schedule": "1d", "--tz": "UTC", "--grace": "5m"}
_CREATED = tuple(Row(("job", option, value), 2, option) for option, value in _CREATION.items())
_URL = kind("ftp://host", "http://", "http://a b", "http://u:p@host", "host:80", named="URL")
_PINGED = {"--key": [kind("secret")], "--url": [_URL]}
_LISTEN = kind("127.0.0.1:99999", "127.0.0.1:-1", "host:port", code=3)
_PASSWORDS = (
    "", "\n", "short\n", "a\0bcdefghi\n", "\x1b[31mcolours\n", "no utf-8 \udcff\n", "x" * 100_000 + "\n",
)  # fmt: skip
_CRONTAB = Kind({**UNREADABLE.bad, "NUL": HOSTILE["NUL"]}, 1, "cannot read")
_TIMER = kind("none-such", code=1, named="")
_FILE = {"a folder": "/", "100 kB": HOSTILE["100 kB"]}
_ERASED = Kind({name: HOSTILE[name] for name in ("no UTF-8", "100 kB")} | {"nothing": ""})

VERBS: dict[str, Verb] = {
    "serve": Verb(
        fields={"--data": [NO_FILE], "--listen": [_LISTEN]},
    ),
    "check-config": Verb(
        {"FILE": "gone.toml"}, fields={"FILE": [NO_FILE, Kind({**_FILE, "gone": "/no/such"}, 3, "")]}
    ),
    "config show": Verb(), "config diff": Verb(), "reload": Verb(), "export": Verb(),
    "spool ls": Verb(), "spool flush": Verb(), "upkeep confirm": Verb(), "version": Verb(), "prune": Verb(),
    "doctor": Verb(), "drift": Verb(), "incident ls": Verb(), "maintenance ls": Verb(), "project ls": Verb(),
    "key ls": Verb(), "alert ls": Verb(),
    "import": Verb(
        {"FILE": "monitors.toml"}, (),
        {"FILE": [NO_FILE, Kind({**_FILE, "gone": "/no/such"}, 1, "")], "--from": [CHOICE]},
        (Row(("monitors.toml", "--write", "--dry-run"), 2, "--write and --dry-run"),),
    ),
    "import-crontab": Verb(
        {"FILE|user|system": "crontab"},
        fields={"FILE|user|system": [_CRONTAB], "--timezone": [ZONE], **_IMPORTS},
        rows=(Row(("crontab", "--write", "--dry-run"), 2, "--write and --dry-run"),),
    ),
    "import-timers": Verb(
        {"TIMER": "none-such.timer"},
        fields={"TIMER": [_TIMER], "--folder": [NO_FILE], "--timezone": [ZONE], **_IMPORTS},
        rows=(Row(("--write", "--dry-run"), 2, "--write and --dry-run"),),
    ),
    "monitor add": Verb(
        {"SLUG": "new"}, ("--schedule", "1d"), {"SLUG": [SLUG], "--schedule": [SCHEDULE], **_RULES},
        (
            Row(("new",), 2, "--schedule"),
            Row(("job", "--schedule", "1d"), 1, "job"),
            Row(("new", "--schedule", "1d", "--channel", "ops", "--no-channels"), 2, "--no-channels and --channel"),
            Row(("new", "--schedule", "1d", "--grace", "5m", "--grace", "soon"), 2, "--grace"),
        ),
    ),
    "monitor edit": Verb(
        {"SLUG": "job"}, ("--grace", "5m"), {"SLUG": [MONITOR], "--schedule": [SCHEDULE], **_RULES},
        (
            Row(("job",), 2, "--grace"),
            Row(("job", "--channel", "ops", "--no-channels"), 2, "--no-channels and --channel"),
            Row(("job", "--channel", "ops", "--default-channels"), 2, "--default-channels and --channel"),
            Row(("job", "--tag", "a", "--no-tags"), 2, "--no-tags and --tag"),
            Row(("declared", "--grace", "5m"), 1, "declared"),
        ),
    ),
    "monitor ls": Verb(fields={"--state": [CHOICE], "--tag": [ANYTHING]}),
    "monitor show": Verb({"SLUG": "job"}, fields={"SLUG": [MONITOR]}),
    "monitor pause": Verb({"SLUG": "job"}, fields={"SLUG": [MONITOR], **_END}, rows=(_ENDS,)),
    "monitor resume": Verb({"SLUG": "job"}, fields={"SLUG": [MONITOR]}),
    "monitor rm": Verb(
        {"SLUG": "job"}, ("--yes",), {"SLUG": [MONITOR]},
        (Row(("job",), 2, "--yes"), Row(("declared", "--yes"), 1, "declared")),
    ),
    "explain": Verb({"SLUG": "job"}, fields={"SLUG": [MONITOR]}),
    "badge": Verb({"TAG": "db"}, fields={"TAG": [kind("none-such", code=1, named="tag")]}),
    "incident ack": Verb({"ID": "1"}, fields={"ID": [ID]}, rows=(Row(("99",), 1, "Incident not found: 99"),)),
    "incident silence": Verb(
        {"ID": "1"}, ("--for", "1h"), {"ID": [ID], **_END},
        (
            Row(("1",), 2, "--for --until"),
            Row(("1", "--for", "1h", "--until", "2099-01-01T00:00"), 2, "--until and --for"),
            Row(("99", "--for", "1h"), 1, "Incident not found: 99"),
        ),
    ),
    "maintenance add": Verb(
        {"TITLE": "upgrade"}, ("--from", "2090-01-01T00:00", "--to", "2090-01-01T02:00"),
        {"TITLE": [TEXT], "--from": [Kind(WHEN.bad, named="")], "--to": [WHEN], "--schedule": [SCHEDULE],
         "--duration": [TIME],
         "--timezone": [ZONE], "--monitor": [MONITOR], "--tag": [TAG]},
        (
            Row(("upgrade",), 2, "--from"),
            Row(("upgrade", "--from", "2090-01-01T00:00"), 2, "--to"),
            Row(("upgrade", "--from", "2090-01-02T00:00", "--to", "2090-01-01T00:00"), 2, "--to"),
            Row(("upgrade", "--from", "2090-01-01T00:00", "--to", "2090-03-01T00:00"), 2, "--to"),
            Row(("upgrade", "--schedule", "0 2 * * *"), 2, "--duration"),
            Row(("upgrade", "--schedule", "0 2 * * *", "--duration", "25h"), 2, "--duration"),
            Row(("upgrade", "--schedule", "0 2 * * *", "--duration", "1h", "--to", "2090-01-01"), 2, "--schedule"),
        ),
    ),
    "maintenance rm": Verb(
        {"ID": "x"}, ("--yes",), {"ID": [kind("none-such", code=1, named="")]}, (Row(("x",), 2, "--yes"),)
    ),
    "project add": Verb({"NAME": "Shop"}, fields={"NAME": [TEXT], "--slug": [SLUG]},
        rows=(Row(("Again", "--slug", "default"), 1, "default"),)),
    "project rm": Verb(
        {"SLUG": "shop"}, ("--yes",), {"SLUG": [kind("none-such", code=1, named="project")]},
        (Row(("shop",), 2, "--yes"), Row(("default", "--yes"), 1, "default")),
    ),
    "key create": Verb(
        {"NAME": "cron"},
        fields={"NAME": [TEXT], "--scope": [CHOICE], "--project": [kind("none-such", code=1, named="project")]},
    ),
    "key revoke": Verb(
        {"KEY": "cron"}, ("--yes",), {"KEY": [kind("none-such", code=1, named="key")]}, (Row(("cron",), 2, "--yes"),)
    ),
    "passwd": Verb(rows=tuple(Row((), 1, "password", stdin) for stdin in _PASSWORDS)),
    "run": Verb(
        {"SLUG": "job"}, ("--", "true"),
        {"SLUG": [SLUG], "COMMAND": [ANYTHING], "--slug": [ANYTHING], "--output": [kind("-1", "100001", "1.5", "x")],
         "--schedule": [ANYTHING], "--tz": [ANYTHING], "--grace": [ANYTHING], **_PINGED},
        (
            Row((), 2, "command"), Row(("job",), 2, "command"), Row(("job", "--"), 2, "command"),
            Row(("--", "true"), 2, "SLUG"), Row(("job", "--slug", "other", "--", "true"), 2, "SLUG"),
            Row(("job", "--output", "5", "--no-output", "--", "true"), 2, "--output and --no-output"),
            *(Row((*row.words, "--", "true"), 2, row.names) for row in _CREATED),
        ),
    ),
    "ping": Verb(
        {"SLUG": "job", "WHAT": "ok"}, (),
        {"SLUG": [SLUG], "WHAT": [kind("256", "-1", "1.5", "done")], "--rid": [kind("x", "0", without=["nothing"])],
         "--duration": [kind("-1", "inf", "1e9", without=["nothing"])], "--message": [ANYTHING],
         "--output": [UNREADABLE],
         "--schedule": [ANYTHING], "--tz": [ANYTHING], "--grace": [ANYTHING], **_PINGED},
        _CREATED,
    ),
    "alert test": Verb({"CHANNEL": "ops"}, fields={"CHANNEL": [ANYTHING]}, rows=(Row(("ops",), 4, "daemon"),)),
    "alert preview": Verb({"KIND": "failed"}, fields={"KIND": [kind("doom")], "--format": [CHOICE]}),
    "alert ack": Verb({"ID": "1"}, fields={"ID": [ID]}, rows=(Row(("99",), 1, "99"),)),
    "alert resend": Verb({"ID": "1"}, fields={"ID": [ID]}, rows=(Row(("99",), 1, "99"),)),
    "backup": Verb(
        {"FILE": "copy.db"}, (),
        {"FILE": [NO_FILE, Kind({**_FILE, "no folder": "/no/such/place.db"}, 1, "")]},
        (Row((), 2, "backup.directory"), Row(("x.db", "--list"), 2, "--list")),
    ),
    "restore": Verb(
        {"FILE": "copy.db"}, (),
        {"FILE": [NO_FILE, Kind({**_FILE, "gone": "/no/such.db", "no database": "/etc/passwd"}, 1, "")]},
    ),
    "completion": Verb({"SHELL": "bash"}, fields={"SHELL": [CHOICE]}),
    "erase": Verb(
        {"subject": "user", "NAME": "u_1"}, ("--yes",), {"subject": [CHOICE], "NAME": [_ERASED]},
        (Row(("user", "u_1"), 2, "--yes"), Row(("user", "--yes"), 2, "NAME")),
    ),
}  # fmt: skip
