"""Monitors as code: what files may say, what is wrong with it, and where."""

from dataclasses import replace
from pathlib import Path

import pytest

from seestackd.core.monitor import DAY_MS, HOUR_MS, MINUTE_MS, NewMonitor, Rules
from seestackd.monitors_file import MonitorTable, load
from seestackd.settings import BadSettings
from tests.source import ROOT

OPS = "[channels.ops]\nurl = 'json://127.0.0.1:1/'\n"
EVERYTHING = """
[monitors.nightly-backup]
schedule = "0 3 * * *"
timezone = "Europe/Berlin"
name = "Nightly backup"
grace = "15m"
max_runtime = "2h"
tags = ["db", "prod"]
channels = ["ops"]
overlap = true
watch_from_creation = false
failures_before_alert = 2
successes_before_recovery = 3
slow_factor = 2
remind_every = "4h"
public = true
public_name = "Backups"
"""


def written(folder: Path, main: str, **beside: str) -> Path:
    file = folder / "seestackd.toml"
    file.write_text(main, encoding="utf-8")
    for name, text in beside.items():
        (folder / "conf.d").mkdir(exist_ok=True)
        (folder / "conf.d" / f"{name}.toml").write_text(text, encoding="utf-8")
    return file


def declared(folder: Path, main: str, **beside: str) -> dict[str, NewMonitor]:
    configuration = load(written(folder, main, **beside), environ={"JOB": "prod"})
    return {new.slug: new for new in configuration.monitors}


def problems(folder: Path, main: str, **beside: str) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        load(written(folder, main, **beside), environ={})
    return [line.replace(f"{folder}/", "") for line in caught.value.problems]


def test_a_monitor_says_everything_about_itself(tmp_path: Path) -> None:
    new = declared(tmp_path, OPS + EVERYTHING)["nightly-backup"]

    assert (new.name, new.schedule.text, new.schedule.timezone) == ("Nightly backup", "0 3 * * *", "Europe/Berlin")
    assert (new.channels, new.tags, new.source) == (("ops",), ("db", "prod"), "file")
    assert new.rules == Rules(15 * MINUTE_MS, 2 * HOUR_MS, True, False, 2, 3, 2.0, 4 * HOUR_MS, True, "Backups")
    assert all(f"\n{key} = " in EVERYTHING for key in MonitorTable.model_fields), "this test shows every key"


def test_what_a_monitor_does_not_say_is_the_default(tmp_path: Path) -> None:
    text = "[defaults]\ntimezone = 'Asia/Tokyo'\ngrace = '1h'\n[monitors.job]\nschedule = '7d'\n"
    new = declared(tmp_path, text)["job"]

    assert (new.name, new.schedule.timezone, new.schedule.interval_ms) == ("job", "Asia/Tokyo", 7 * DAY_MS)
    assert (new.rules, new.channels, new.tags) == (Rules(grace_ms=HOUR_MS), None, ())


def test_the_example_of_settings_shows_what_holds_without_it(tmp_path: Path) -> None:
    example = (ROOT / "config" / "seestackd.toml").read_text(encoding="utf-8").partition("# [monitors.")[2]
    shown = "\n".join(
        line.removeprefix("# ") for line in example.splitlines() if line.startswith("# ") and " = " in line
    )

    new = declared(tmp_path, f"{OPS}[monitors.nightly-backup]\n{shown}\n")["nightly-backup"]

    plain = declared(tmp_path, "[monitors.nightly-backup]\nschedule = '0 3 * * *'\n")["nightly-backup"]
    only_examples = {"max_runtime_ms": HOUR_MS, "slow_factor": 2.0, "remind_every_ms": DAY_MS, "public_name": "Backups"}
    assert new == replace(plain, channels=("ops",), rules=replace(plain.rules, **only_examples))


def test_monitors_may_stand_in_files_of_their_own(tmp_path: Path) -> None:
    db = "[monitors.dump]\nschedule = '1d'\nchannels = ['ops']\ntags = ['${JOB}']\n"
    monitors = declared(tmp_path, OPS, db=db, web="[monitors.certs]\nschedule = '12h'\n")

    assert sorted(monitors) == ["certs", "dump"]
    assert monitors["dump"].tags == ("prod",)


def test_a_channel_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "ops.url").write_text("json://127.0.0.1:1/")
    main = "default_channels = ['ops']\n[server]\nlisten = '127.0.0.1:1'\n"
    file = written(tmp_path, main, ops="[channels.ops]\nurl_file = 'ops.url'\n[server]\nmax_body_bytes = 2000000\n")

    settings = load(file, environ={}).settings
    assert settings.channels["ops"].url == "json://127.0.0.1:1/"
    assert (settings.server.listen, settings.server.max_body_bytes) == ("127.0.0.1:1", 2_000_000)


def test_only_visible_toml_files_of_the_folder_count(tmp_path: Path) -> None:
    file = written(tmp_path, "", a="[monitors.job]\nschedule = '1d'\n")
    for name in ("a.toml~", ".b.toml", "notes.txt", "c.toml.bak"):
        (tmp_path / "conf.d" / name).write_text("not TOML at all")

    assert [new.slug for new in load(file, environ={}).monitors] == ["job"]


def test_what_is_said_twice_names_both_places(tmp_path: Path) -> None:
    job = "[monitors.job]\nschedule = '1d'\n"

    assert problems(
        tmp_path, f"[server]\nlisten = '127.0.0.1:1'\n{job}", a=f"\n{job}", b="server.listen = 'x:1'\n"
    ) == [
        "conf.d/a.toml:2:2: monitors.job: stands at seestackd.toml:3:2 too; remove one of the two",
        "conf.d/b.toml:1:1: server.listen: stands at seestackd.toml:2:1 too; remove one of the two",
    ]


def test_every_problem_of_every_file_is_told_with_its_place(tmp_path: Path) -> None:
    first = "[monitors.Backup]\nschedule = '0 3 * *'\ngrce = '5m'\ngrace = '90d'\n[server]\nlisten = 'nowhere'\n"
    second = (
        "[monitors.job]\ntimezone = 'Europe/Berln'\nchannels = ['opps', 'x y']\nslow_factor = 0.5\noverlap = 'yes'\n"
        "tags = 'db'\n"
    )

    assert problems(tmp_path, OPS + first, second=second) == [
        "seestackd.toml:3:2: monitors.Backup: slug must be lowercase alphanumeric with hyphens, 1-100 characters; "
        "try 'backup'",
        'seestackd.toml:4:1: monitors.Backup.schedule: "0 3 * *" has 4 cron fields; five are needed: minute hour '
        'day-of-month month day-of-week; examples: "30m", "0 3 * * *", "@daily", "Mon..Fri 03:00"',
        'seestackd.toml:5:1: monitors.Backup.grce: unknown key; did you mean "grace"?',
        'seestackd.toml:6:1: monitors.Backup.grace: "90d" is more than 30 days; give at most that',
        "seestackd.toml:8:1: server.listen: must be HOST:PORT; write for example 127.0.0.1:8080 or [::1]:8080",
        'conf.d/second.toml:1:2: monitors.job.schedule: is missing; write for example schedule = "0 3 * * *" or "30m"',
        'conf.d/second.toml:2:1: monitors.job.timezone: "Europe/Berln" is not a time zone; did you mean Europe/Berlin '
        "or Europe/Dublin or Europe/Belfast?",
        "conf.d/second.toml:3:1: monitors.job.channels: 'x y' is not a name: letters, digits and . _ : - only",
        'conf.d/second.toml:3:1: monitors.job.channels: no channel "opps" is defined; did you mean "ops"?',
        'conf.d/second.toml:3:1: monitors.job.channels: no channel "x y" is defined; add [channels.x y] or take it '
        "off the list",
        "conf.d/second.toml:4:1: monitors.job.slow_factor: 0.5 is not above 1 and at most 1000; try 2.0",
        "conf.d/second.toml:5:1: monitors.job.overlap: must be true or false, without quotes",
        'conf.d/second.toml:6:1: monitors.job.tags: must be a list; write ["one", "two"]',
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[monitors]\njob = 3\n", "2:1: monitors.job: must be a table; write [monitors.job]"),
        ("monitors = 3\n", "1:1: monitors: must be a table of tables; write [monitors.<slug>]"),
        ("[monitors.job]\nschedule = 30\n", "2:1: monitors.job.schedule: must be a text; put it in quotes"),
        (
            "[monitors.job]\nschedule = '1d'\nslow_factor = '2'\n",
            "3:1: monitors.job.slow_factor: must be a number; write it without quotes",
        ),
        (
            "[monitors.job]\nschedule = '1d'\nfailures_before_alert = 0\n",
            "3:1: monitors.job.failures_before_alert: 0 is not between 1 and 100; 1 is the default",
        ),
        (
            "[monitors.job]\nschedule = '1d'\nfailures_before_alert = true\n",
            "3:1: monitors.job.failures_before_alert: must be a whole number; write it without quotes",
        ),
        (
            "[monitors.job]\nschedule = 2026-11-23\n",
            "2:1: monitors.job.schedule: must be a text; put it in quotes",
        ),
    ],
)  # fmt: skip
def test_a_wrong_kind_of_value_is_told(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, text) == [f"seestackd.toml:{problem}"]


def test_every_file_that_is_no_toml_is_told_and_nothing_else(tmp_path: Path) -> None:
    found = problems(tmp_path, "[server]\nlisten = 'nowhere'\n", a="[monitors.job\n", b="schedule = \n")

    assert [line.split(": ")[0] for line in found] == ["conf.d/a.toml:1:14", "conf.d/b.toml:1:12"]
