"""Projects and completion on the command line."""

import json
import subprocess

import pytest

from seestackd.cli.completion import SHELLS
from tests.cli.conftest import Bench, Place
from tests.completions import script


def test_a_project_is_made_listed_and_removed(place: Place) -> None:
    made = json.loads(place("project", "add", "My Shop", "--json").stdout)
    assert made["slug"] == "my-shop"
    assert place("key", "create", "web", "--project", "my-shop").returncode == 0

    listed = {each["slug"]: each for each in json.loads(place("project", "ls", "--json").stdout)["projects"]}
    assert (listed["my-shop"]["name"], listed["my-shop"]["keys"], listed["my-shop"]["monitors"]) == ("My Shop", 1, 0)
    assert "my-shop" in place("project", "ls").stdout
    assert "my-shop" in place("project", "ls", "-q").stdout.split()

    assert place("project", "rm", "my-shop", "--yes").stdout == "my-shop is removed.\n"
    assert "my-shop" not in place("project", "ls", "-q").stdout.split()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["project", "add", " "], 2, "NAME"),
        (["project", "add", "x\ny"], 2, "NAME"),
        (["project", "add", "Taken", "--slug", "Not A Slug"], 2, "--slug"),
        (["project", "add", "Again", "--slug", "default"], 1, "there is a project default already"),
        (["project", "rm", "none-such", "--yes"], 1, "there is no project none-such"),
        (["project", "rm", "default", "--yes"], 1, "cannot be deleted"),
        (["project", "rm", "default"], 2, "--yes"),
        (["project"], 2, "missing: "),
        (["key", "create", "x", "--project", "none-such"], 1, "there is no project none-such"),
        (["completion", "cmd.exe"], 2, "there is no"),
        (["completion"], 2, "missing: "),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(bench: Bench, arguments: list[str], code: int, says: str) -> None:
    bench.run("monitor", "add", "job", "--schedule", "1d")
    done = bench.run(*arguments)

    assert (done.returncode, says in done.stderr, done.stdout) == (code, True, "")
    assert bench.run("project", "ls", "-q").stdout == "default\n"
    assert json.loads(bench.run("key", "ls", "--json").stdout)["keys"] == []


def test_bash_completes_commands_and_options(bench: Bench) -> None:
    script = bench.run("completion", "bash").stdout
    asked = 'COMP_WORDS=(seestackd monitor ""); COMP_CWORD=2; _shtab_seestackd; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", f"{script}\n{asked}"], capture_output=True, text=True, check=True, timeout=20)

    assert {"ls", "add", "pause"} <= set(done.stdout.split())


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_gets_a_script_of_the_commands_as_they_are_now(bench: Bench, shell: str) -> None:
    shown = bench.run("completion", shell).stdout
    assert "import-crontab" in shown
    assert shown == script(shell), "make completions"


def test_a_preview_shows_the_three_forms(bench: Bench) -> None:
    shown = bench.run("alert", "preview", "failed", "--format", "all").stdout
    assert shown.startswith("Subject: FAILED")
    assert "**FAILED**" in shown
    assert "<p>" in shown or "<div" in shown or "<b>" in shown
