"""Crontabs: the jobs in one, what they would be called here, and how their lines report (Debian's crontab(5))."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from seestackd.core.commands import name_of, shell_quoted, stands_alone
from seestackd.core.schedule import Schedule, parse_schedule
from seestackd.core.slugs import free_slug
from seestackd.errors import Invalid

DEFAULT_SHELL = "/bin/sh"
IDLE = "it does nothing under systemd, which has a timer in its place; see: seestackd import-timers"
_NOT_UNDER_SYSTEMD = "/run/systemd/system"
_ENVIRONMENT = re.compile(r"""[ \t]*(?:"([^"]*)"|'([^']*)'|([A-Za-z_]\w*))[ \t]*=[ \t]*(.*?)[ \t]*$""")
_ALIAS = re.compile(r"[ \t]*(@[A-Za-z_]+)[ \t]+(.+)")
_FIELDS = re.compile(r"[ \t]*((?:[^ \t]+[ \t]+){4}[^ \t]+)[ \t]+(.+)")
_USER = re.compile(r"([^ \t]+)[ \t]+(.+)")
_REPORTS = re.compile(r"\bseestackd\b|/ping/|/ingest/v1/heartbeat")


@dataclass(frozen=True, slots=True)
class CronJob:
    """One job of a crontab.

    `number` is its line, from 1; `command` what cron would hand to the shell, `%` and all. `schedule` is None when it
    cannot be watched, and `problem` says why; `reports` that it tells of itself already.
    """

    number: int
    when: str
    timezone: str
    user: str | None
    command: str
    shell: str
    slug: str
    schedule: Schedule | None
    problem: str | None = None
    reports: bool = False

    @property
    def wanted(self) -> bool:
        """Whether its line is to be changed."""
        return self.schedule is not None and not self.reports


def jobs_in(
    text: str, timezone: str, *, with_user: bool, taken: Collection[str] = (), systemd: bool = False
) -> list[CronJob]:
    """Return the jobs of a crontab; `with_user` says that it has a column of users, as /etc/crontab does.

    `timezone` is the zone of lines that CRON_TZ says nothing about. Slugs differ from each other and from `taken`.
    `systemd` says that it runs the machine: some lines do nothing then.
    """
    jobs: list[CronJob] = []
    shell, names = DEFAULT_SHELL, set(taken)
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        setting = _ENVIRONMENT.match(line)
        if setting is not None:
            name, value = setting[1] or setting[2] or setting[3], _unquoted(setting[4])
            if name == "CRON_TZ":
                timezone = value or timezone
            elif name == "SHELL":
                shell = value or DEFAULT_SHELL
            continue
        job = _job(number, line, timezone, shell, with_user)
        if job is not None:
            slug = free_slug(job.slug, names)
            names.add(slug)
            idle = systemd and job.schedule is not None and _NOT_UNDER_SYSTEMD in job.command
            jobs.append(replace(job, slug=slug, schedule=None, problem=IDLE) if idle else replace(job, slug=slug))
    return jobs


def rewritten(text: str, jobs: Collection[CronJob], wrapper: Mapping[int, str]) -> str:
    """Return the crontab with each job's command run by the words in `wrapper`, by its line, and all else untouched."""
    lines = text.splitlines(keepends=True)
    for job in jobs:
        if job.number in wrapper:
            line = lines[job.number - 1]
            body = line.rstrip("\r\n")
            head = body[: len(body) - len(job.command)]
            lines[job.number - 1] = head + _wrapped(job, wrapper[job.number]) + line[len(body) :]
    return "".join(lines)


def _job(number: int, line: str, timezone: str, shell: str, with_user: bool) -> CronJob | None:
    found = _ALIAS.match(line) or _FIELDS.match(line)
    if found is None:
        return CronJob(number, line.strip()[:80], timezone, None, "", shell, "job", None, "it is no crontab line")
    when, rest, user = " ".join(found[1].split()), found[2], None
    if with_user:
        column = _USER.fullmatch(rest)
        if column is None:
            return CronJob(number, when, timezone, None, rest, shell, "job", None, "the user or the command is missing")
        user, rest = column[1], column[2]
    schedule, problem = _schedule(when, timezone)
    split = _split(rest)[0]
    return CronJob(
        number,
        when,
        timezone,
        user,
        rest,
        shell,
        name_of(split) or "job",
        schedule,
        problem,
        bool(_REPORTS.search(rest)),
    )


def _schedule(when: str, timezone: str) -> tuple[Schedule | None, str | None]:
    if when.lower() == "@reboot":
        return None, "it runs at the start of the machine, which cannot be expected"
    try:
        return parse_schedule(when, timezone), None
    except Invalid as error:
        return None, error.message


def _split(command: str) -> tuple[str, str]:
    """Return the command and, from the first `%` that is not escaped on, what cron gives it to read."""
    found = re.search(r"(?<!\\)%", command)
    return (command, "") if found is None else (command[: found.start()], command[found.start() :])


def _wrapped(job: CronJob, wrapper: str) -> str:
    command, given = _split(job.command)
    if stands_alone(command):
        return f"{wrapper} -- {command}{given}"
    # Cron turns \% into % before the shell sees it, inside of quotes too.
    return f"{wrapper} -- {job.shell} -c {shell_quoted(command.rstrip())}{given}"


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value
