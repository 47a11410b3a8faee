"""Crontabs as Debian's cron reads them: jobs, names, zones, and lines that report without doing anything else."""

import shlex
import subprocess

from seestackd.core.commands import name_of, stands_alone
from seestackd.core.crontab import CronJob, jobs_in, rewritten
from tests.rows import rows


def one(line: str, **more: bool) -> CronJob:
    (job,) = jobs_in(line, "UTC", **{"with_user": False, **more})
    return job


def changed(line: str, **more: bool) -> str:
    jobs = jobs_in(line, "UTC", **{"with_user": False, **more})
    return rewritten(line, jobs, {job.number: f"seestackd run {job.slug}" for job in jobs if job.wanted})


@rows(
    ("command", "slug"),
    [
        ("/usr/local/bin/backup.sh --all", "backup"),
        ("nice -n 19 ionice -c3 /usr/local/bin/backup.sh >/dev/null 2>&1", "backup"),
        ("cd / && run-parts --report /etc/cron.hourly", "cron-hourly"),
        ("test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )", "cron-daily"),
        ("cd /srv/app && .venv/bin/python manage.py clearsessions", "manage"),
        ("/usr/bin/python3 -m reports.weekly", "reports-weekly"),
        ("flock -n /tmp/lock rsync -a a b", "rsync"),
        ("timeout -k 5 60 /opt/x/sync.sh", "sync"),
        ("FOO='a b' sudo -u www-data php /var/www/cron.php", "cron"),
        ("bash -lc 'pg_dump shop | gzip > x'", "pg-dump"),
        ("command -v debian-sa1 > /dev/null && debian-sa1 1 1", "debian-sa1"),
        ("mysqldump --all | gzip > /b/x-$(date +\\%F).gz", "mysqldump"),
        ("while true; do /opt/poll; done", "poll"),
        ("/opt/UPPER_case.PY", "upper-case"),
        ("rsync 'never closed", "rsync"),
        ("A=1 B=2", ""),
        ("   ", ""),
    ],
)
def test_a_job_is_named_after_the_program_that_it_is_about(command: str, slug: str) -> None:
    assert name_of(command) == slug


@rows("command", ["a b", "/bin/x --y=1 z.txt", "php -f /a,b+c@d"])
def test_plain_words_need_no_shell(command: str) -> None:
    assert stands_alone(command)


@rows("command", ["a | b", "a > b", "A=1 b", "cd x", "a && b", "a $B", "a 'b'", "~/a", "a *", "-x", ""])
def test_what_a_shell_would_read_otherwise_needs_one(command: str) -> None:
    assert not stands_alone(command)


def test_what_stands_before_a_job_counts_for_those_after_it() -> None:
    text = (
        "0 1 * * * a\n"
        "CRON_TZ = Europe/Berlin\n"
        "SHELL=/bin/bash\n"
        "0 2 * * * b | c\n"
        'CRON_TZ="America/New_York"\n'
        "0 3 * * * d\n"
    )
    jobs = jobs_in(text, "UTC", with_user=False)

    assert [(job.slug, job.timezone, job.number) for job in jobs] == [
        ("a", "UTC", 1), ("b", "Europe/Berlin", 4), ("d", "America/New_York", 6),
    ]  # fmt: skip
    assert jobs[1].shell == "/bin/bash"


def test_comments_blank_lines_and_settings_are_no_jobs() -> None:
    assert jobs_in("# 0 1 * * * a\n\n  \t\nMAILTO=me\n 'A B' = c\nPATH=/bin:/usr/bin\n", "UTC", with_user=False) == []


def test_a_column_of_users_is_no_part_of_the_command() -> None:
    job = one("17 *\t* * *\troot    cd / && run-parts --report /etc/cron.hourly", with_user=True)

    assert (job.user, job.when, job.slug) == ("root", "17 * * * *", "cron-hourly")


def test_aliases_are_schedules_and_a_boot_is_none() -> None:
    assert one("@daily /opt/a").schedule is not None
    assert (one("@reboot /opt/a").schedule, one("@reboot /opt/a").wanted) == (None, False)


@rows("line", ["61 * * * * a", "* * * a", "nonsense", "@often a", "0 0 30 2 * a"])
def test_a_line_that_nobody_can_watch_stays_as_it_is_and_says_why(line: str) -> None:
    assert changed(line) == line
    assert one(line).problem


def test_a_job_that_reports_already_is_left_alone() -> None:
    line = "0 1 * * * seestackd run a -- b\n0 2 * * * b; curl -fsS http://h/ping/KEY/b/$?\n"
    assert changed(line) == line


def test_two_jobs_of_one_name_get_numbers() -> None:
    jobs = jobs_in("0 1 * * * /a/x\n0 2 * * * /b/x\n0 3 * * * /c/x\n", "UTC", with_user=False, taken={"x-2"})
    assert [job.slug for job in jobs] == ["x", "x-3", "x-4"]


@rows(
    ("line", "after"),
    [
        ("0 1 * * * /opt/a --b\n", "0 1 * * * seestackd run a -- /opt/a --b\n"),
        ("@daily\t/opt/a", "@daily\tseestackd run a -- /opt/a"),
        ("0 1 * * *  /opt/a > /l\r\n", "0 1 * * *  seestackd run a -- /bin/sh -c '/opt/a > /l'\r\n"),
        ("0 1 * * * mail me%hello%you", "0 1 * * * seestackd run mail -- mail me%hello%you"),
        ("0 1 * * * a $(date +\\%F)", "0 1 * * * seestackd run a -- /bin/sh -c 'a $(date +\\%F)'"),
        ("0 1 * * * a 'b c'%in", "0 1 * * * seestackd run a -- /bin/sh -c 'a '\"'\"'b c'\"'\"''%in"),
    ],
)
def test_only_the_command_is_wrapped(line: str, after: str) -> None:
    assert changed(line) == after


@rows(
    "command",
    [
        "echo a  b | tr a-z A-Z",
        "echo \"it's\" '\"' \\$HOME",
        "printf 'x y' && false || echo no",
        "(echo a; echo b) 2>&1",
        "A=1; echo $A",
    ],
)
def test_a_wrapped_command_does_what_it_did(command: str) -> None:
    words = changed(f"0 1 * * * {command}").partition(" -- ")[2]
    plain = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    wrapped = subprocess.run(shlex.split(words), capture_output=True, text=True, check=False)

    assert (wrapped.returncode, wrapped.stdout) == (plain.returncode, plain.stdout)


def test_a_line_that_does_nothing_under_systemd_is_left_to_its_timer() -> None:
    line = "0 1 * * * test -d /run/systemd/system || /opt/a"
    assert one(line).wanted
    assert (one(line, systemd=True).wanted, "import-timers" in str(one(line, systemd=True).problem)) == (False, True)
