"""The documents cannot lag: what exists is described, what is described exists, and what can be run is run."""

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from seestackd.cli.commands import NOUNS, parser
from seestackd.monitors_file import MonitorTable
from seestackd.settings import Settings, load
from seestackd.settings.alerting import ChannelSettings
from tests.documents import PAGES, README, blocks, named, shell_lines, text
from tests.rows import rows
from tests.source import ROOT

Command = tuple[str, argparse.ArgumentParser]


def commands(top: argparse.ArgumentParser | None = None, name: str = "seestackd") -> Iterator[Command]:
    """(full name, parser) of every command that can be run."""
    top = top or parser()
    nested = [action for action in top._actions if isinstance(action, argparse._SubParsersAction)]
    for action in nested:
        for word, command in action.choices.items():
            yield from commands(command, f"{name} {word}")
    if not nested:
        yield name, top


def options(command: argparse.ArgumentParser) -> set[str]:
    return {name for action in command._actions for name in action.option_strings} - {"-h", "--help"}


def section(page: Path, heading: str) -> str:
    found = re.search(rf"^## `{heading}`\n(.*?)(?=^## |\Z)", text(page), re.DOTALL | re.MULTILINE)
    assert found, f"{named(page)} has no section on `{heading}`"
    return found[1]


COMMANDS = dict(commands())


@rows("name", COMMANDS)
def test_every_command_is_described_with_its_options_and_an_example(name: str) -> None:
    described = section(ROOT / "docs" / "commands.md", name)

    assert {option for option in options(COMMANDS[name]) if f"`{option}`" not in described} == set()
    assert any(line.startswith(name) for _, line in shell_lines() if line in described)


def test_every_described_command_and_option_exists() -> None:
    described = re.findall(r"^## `(.+)`$", text(ROOT / "docs" / "commands.md"), re.MULTILINE)

    assert set(described) == set(COMMANDS)
    for name in described:
        rows = re.findall(r"^\| (`-[^|]*) \|", section(ROOT / "docs" / "commands.md", name), re.MULTILINE)
        assert set(re.findall(r"`(-[^`]+)`", " ".join(rows))) <= options(COMMANDS[name]), name


def calls() -> list[list[str]]:
    """The arguments of every seestackd command in the documents' blocks."""
    found = []
    for _, line in shell_lines():
        call = re.match(r"(?:sudo )?(?:\S*/)?seestackd( .*)$", line)
        if call and "[" not in line:
            found.append(shlex.split(call[1], comments=True))
    return found


@rows("arguments", calls())
def test_a_documented_command_can_be_typed(arguments: list[str]) -> None:
    assert callable(parser().parse_args(arguments).command)


def settings(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Every key of the settings, as `server.listen` or `channels.<name>.url`."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings(kind, f"{prefix}{name}.")
        elif name == "channels":
            yield from (f"channels.<name>.{key}" for key in ChannelSettings.model_fields)
        elif name == "monitors":
            yield from (f"monitors.<slug>.{key}" for key in MonitorTable.model_fields)
        else:
            yield {"escalation": "escalation.<time>"}.get(name, f"{prefix}{name}")


def test_the_settings_described_are_those_that_exist() -> None:
    rows = re.findall(r"^\| `([a-z_.<>]+)` \|", text(ROOT / "docs" / "settings.md"), re.MULTILINE)

    assert sorted(rows) == sorted(settings())


@rows("key", list(settings()))
def test_the_example_of_settings_shows_every_key(key: str) -> None:
    table, _, name = key.rpartition(".")
    example = text(ROOT / "config" / "seestackd.toml")

    if key == "escalation.<time>":
        assert f"# [{table}" in example
    else:
        assert re.search(rf"^# +{name} = ", example, re.MULTILINE)
        assert not table or f"# [{table.split('.')[0]}" in example


def test_a_default_that_is_described_is_the_default() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \| `([^`]+)` \|", text(ROOT / "docs" / "settings.md"), re.MULTILINE)
    defaults = Settings()

    assert len(rows) > 8
    for key, default in rows:
        value: object = defaults
        for name in key.split("."):
            value = getattr(value, name)
        plain = str(value).lower() if isinstance(value, bool) else str(value)
        shown = '""' if value is None else "[]" if value == () else f'"{value}"' if isinstance(value, str) else plain
        assert default == shown, key


TOML = [(named(page), block) for page in PAGES for block in blocks(page, "toml")]


@pytest.mark.parametrize(("page", "block"), TOML, ids=[page for page, _ in TOML])
def test_settings_shown_can_be_used(page: str, block: str, tmp_path: Path) -> None:
    file = tmp_path / "seestackd.toml"
    file.write_text(block)

    assert load(file, environ={"HOME": str(tmp_path)}, credentials=False).channels


def test_every_page_that_shows_settings_is_found() -> None:
    assert {page for page, _ in TOML} == {"README.md", "docs/manual.md", "docs/settings.md"}


def test_variables_shown_mean_settings(tmp_path: Path) -> None:
    shown = dict(line.split("=", 1) for _, line in shell_lines() if line.startswith("SEESTACKD_"))

    used = load(None, environ={**shown, "HOME": str(tmp_path), "SEESTACKD_CHANNELS__OPS__URL": "json://127.0.0.1/"})
    assert set(used.channels) == {"ops", "night-shift"}


def targets() -> dict[str, bool]:
    """Target of the Makefile -> whether it is one for people."""
    rules = re.findall(r"^([a-z-]+):.*?(## .*)?$", text(ROOT / "Makefile"), re.MULTILINE)
    return {name: bool(comment) for name, comment in rules}


def test_every_make_target_named_exists_and_every_target_is_named() -> None:
    prose = "\n".join(text(page) for page in PAGES)
    mentioned = set(re.findall(r"(?:`|^|sudo )make ([a-z-]+)", prose, re.MULTILINE))
    for_people = {name for name, shown in targets().items() if shown}

    assert mentioned <= for_people
    assert for_people - mentioned == {"help"}, "`make` alone is help"
    assert {"run", "install", "demo", "test", "check", "bench", "deploy"} <= set(
        re.findall(r"make ([a-z-]+)", text(README))
    )


def test_what_arrives_is_shown_as_it_is_sent() -> None:
    golden = text(ROOT / "tests" / "delivery" / "golden" / "missed.txt")
    subject, _, body = golden.partition("\nTone: failure\n")
    shown = blocks(README)[0]

    assert shown.splitlines()[0] == subject.removeprefix("Subject: ")
    assert body.startswith(shown.split("\n", 1)[1])


def links() -> list[tuple[Path, str]]:
    return [
        (page, target)
        for page in PAGES
        for target in re.findall(r"\]\(([^)\s]+)\)", text(page))
        if not target.startswith("https://")
    ]


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", text(page), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@rows(("page", "target"), links())
def test_a_link_leads_somewhere(page: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    other = (page.parent / path).resolve() if path else page

    assert other.exists()
    assert not anchor or anchor in anchors(other)


def test_every_path_in_the_map_of_rooms_exists() -> None:
    rooms = re.findall(r"`([a-z./]+(?:/|\.py))`", text(README).partition("### The rooms")[2].partition("## Read")[0])

    assert len(rooms) > 8
    assert [room for room in rooms if not (ROOT / room).exists() and not (ROOT / "seestackd" / room).exists()] == []


def test_the_readme_fits_and_the_changelog_says_what_is_new() -> None:
    unreleased = text(ROOT / "CHANGELOG.md").partition("## [Unreleased]")[2].partition("\n## ")[0]

    assert len(text(README).splitlines()) < 200
    assert re.search(r"^- \S", unreleased, re.MULTILINE)


@rows("page", PAGES)
def test_a_page_names_no_place_on_a_developers_machine(page: Path) -> None:
    assert not re.search(r"/work/|/tmp/|/root/|pypi|simple/", text(page))


def test_every_command_is_found_by_its_first_word() -> None:
    assert {name.split()[1] for name in COMMANDS} == set(NOUNS)
    for word in NOUNS:
        assert {name.split()[1] for name, _ in commands(parser((word,)))} == {word}
