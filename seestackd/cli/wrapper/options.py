"""What `seestackd run` is asked for. Read by hand: importing argparse takes longer than starting the job."""

VALUED = {
    "--slug": ("SLUG", "the monitor, instead of the first argument"),
    "--key": ("file:PATH", "file that holds a key of scope ping (default: SEESTACKD_PING_KEY)"),
    "--url": ("URL", "the daemon's address (default: SEESTACKD_URL, else http://127.0.0.1:8080)"),
    "--output": ("BYTES", "how much of the output's end is reported, 0 to 100000 (default: 10000)"),
    "--schedule": ("WHEN", "with --create: when the job runs (default: 1d)"),
    "--tz": ("ZONE", "with --create: zone of the schedule"),
    "--grace": ("TIME", "with --create: how late it may be"),
}
FLAGS = {
    "--no-output": "report no output; the command gets our own standard output and error, untouched",
    "--create": "add the monitor when it does not exist",
    "--quiet": "say nothing on standard error, whatever becomes of the reports",
}
DEFAULT_OUTPUT = 10_000
MAX_OUTPUT = 100_000
MAX_SLUG = 100
_SLUG_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_FOR_CREATE = ("--schedule", "--tz", "--grace")
USAGE = "usage: seestackd run SLUG [options] -- COMMAND [ARGUMENT ...]"


class Usage(Exception):
    """It was called wrongly; nothing has been started."""


class Asked:
    """A valid call: `command` holds its words, `output_limit` bytes (0: leave its output alone)."""

    def __init__(self, slug: str, command: list[str], values: dict[str, str], flags: set[str]) -> None:
        self.slug = slug
        self.command = command
        self.values = values
        self.output_limit = 0 if "--no-output" in flags else int(values.get("--output", DEFAULT_OUTPUT))
        self.quiet = "--quiet" in flags
        self.create = "--create" in flags


def read(arguments: list[str]) -> Asked:
    """Read what follows `seestackd run`. Raises Usage with a sentence for the caller."""
    if "--" not in arguments:
        raise Usage("no command; put it last, after two dashes: seestackd run SLUG -- COMMAND")
    border = arguments.index("--")
    names, values, flags = _sorted(arguments[:border])
    if "--slug" in values:
        names.insert(0, values.pop("--slug"))
    if not names:
        raise Usage("no SLUG; name the monitor: seestackd run SLUG -- COMMAND")
    if len(names) > 1:
        raise Usage(
            f'"{_shown(names[0])}" and "{_shown(names[1])}" are both given as SLUG; give one, and the command after --'
        )
    command = arguments[border + 1 :]
    if not command:
        raise Usage("no command after --; write it there: seestackd run SLUG -- COMMAND")
    check_slug(names[0])
    _check(values, flags)
    return Asked(names[0], command, values, flags)


def _sorted(words: list[str]) -> tuple[list[str], dict[str, str], set[str]]:
    """Sort words into names, options with a value, and flags."""
    names: list[str] = []
    values: dict[str, str] = {}
    flags: set[str] = set()
    left = iter(words)
    for word in left:
        option, equals, value = word.partition("=")
        if not word.startswith("-"):
            names.append(word)
        elif option in VALUED:
            given = value if equals else next(left, None)
            if given is None or option in values:
                raise Usage(f"{option} needs a value" if given is None else f"{option} is given twice; give it once")
            values[option] = given
        elif word in FLAGS:
            flags.add(word)
        else:
            raise Usage(f"unknown option {_shown(option)}; known are {', '.join([*VALUED, *FLAGS])}")
    return names, values, flags


def _check(values: dict[str, str], flags: set[str]) -> None:
    if "--output" in values:
        size = values["--output"]
        if not (size.isascii() and size.isdigit()) or len(size) > 6 or int(size) > MAX_OUTPUT:
            raise Usage(f"--output is a number of bytes from 0 to {MAX_OUTPUT}")
        if "--no-output" in flags:
            raise Usage("--output and --no-output contradict each other; give one of them")
    for option in _FOR_CREATE:
        if option in values and "--create" not in flags:
            raise Usage(f"{option} counts only when the monitor is made; add --create, or leave it out")
    if "--key" in values:
        check_key(values["--key"])
    if "--url" in values:
        check_url(values["--url"])


def _shown(word: str) -> str:
    """Return the beginning of what was typed, written out where a terminal could take it for a command."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in word[:40])


def check_slug(slug: str) -> None:
    """Raise Usage unless a monitor can have the slug."""
    if not 0 < len(slug) <= MAX_SLUG or not _SLUG_CHARACTERS.issuperset(slug):
        raise Usage(f'SLUG must be a-z, 0-9 and hyphens, 1 to {MAX_SLUG} of them; "{_shown(slug)}" is not')


def check_key(source: str) -> None:
    """Raise Usage for a key that everybody could read in the list of processes."""
    if not source.removeprefix("file:") or not source.startswith("file:"):
        raise Usage(
            "--key takes file:PATH, as everybody can read what is typed here with ps;"
            " put the key into a file, or into the variable SEESTACKD_PING_KEY"
        )


def check_url(url: str) -> None:
    """Raise Usage unless it is an address that pings can be sent to."""
    scheme, _, rest = url.partition("://")
    host = rest.split("/", 1)[0]
    clean = url.isascii() and url.isprintable() and not any(character in url for character in " ?#@\\")
    if scheme not in ("http", "https") or not host or not clean or not _port_ok(host):
        raise Usage("the URL must be http(s)://HOST[:PORT] without user or query, such as http://127.0.0.1:8080")


def _port_ok(host: str) -> bool:
    _, colon, port = host.rpartition("]")[2].rpartition(":")
    return not colon or (port.isdigit() and 0 < int(port[:6]) < 65_536)
