"""The documents cannot lag: what exists is described, what is described exists, and what can be run is run."""

import argparse
import asyncio
import re
import shlex
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import BaseModel

from seestackd.cli.commands import parser
from seestackd.clock import Clock
from seestackd.core.keys import Scope, make_secret
from seestackd.core.monitor import new_monitor
from seestackd.feed import Feed
from seestackd.operations import keys, monitors
from seestackd.runner import Runner
from seestackd.settings import Settings, load
from seestackd.settings.model import ChannelSettings
from seestackd.store.sqlite.connection import SqliteStore
from seestackd.web.auth import KeyTable
from seestackd.web.server import WebSettings, bind, create_app, start_sites
from tests.source import ROOT

README = ROOT / "README.md"
PAGES = [README, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
KEY, PING_KEY = make_secret(b"\x01" * 32), make_secret(b"\x02" * 32)
Command = tuple[str, argparse.ArgumentParser]


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str = "") -> list[str]:
    """The fenced blocks of a page in a language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text(page), re.DOTALL | re.MULTILINE)
    return [block for spoken, block in fenced if spoken == language]


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


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


def shell_lines() -> list[tuple[str, str]]:
    """(page, line) of all that stands in a block without a language, continued lines joined."""
    return [
        (named(page), line)
        for page in PAGES
        for block in blocks(page)
        for line in block.replace("\\\n", " ").splitlines()
    ]


COMMANDS = dict(commands())


@pytest.mark.parametrize("name", COMMANDS)
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


@pytest.mark.parametrize("arguments", calls(), ids=" ".join)
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
        else:
            yield f"{prefix}{name}" if name != "monitors" else "monitors.<slug>"


def test_the_settings_described_are_those_that_exist() -> None:
    rows = re.findall(r"^\| `([a-z_.<>]+)` \|", text(ROOT / "docs" / "settings.md"), re.MULTILINE)

    assert sorted(rows) == sorted(settings())


@pytest.mark.parametrize("key", list(settings()))
def test_the_example_of_settings_shows_every_key(key: str) -> None:
    table, _, name = key.rpartition(".")
    example = text(ROOT / "config" / "seestackd.toml")

    if key == "monitors.<slug>":
        assert "# [monitors." in example
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
        shown = {None: '""', (): "[]"}.get(value, f'"{value}"' if isinstance(value, str) else str(value))
        assert default == shown, key


TOML = [(named(page), block) for page in PAGES for block in blocks(page, "toml")]


@pytest.mark.parametrize(("page", "block"), TOML, ids=[page for page, _ in TOML])
def test_settings_shown_can_be_used(page: str, block: str, tmp_path: Path) -> None:
    file = tmp_path / "seestackd.toml"
    file.write_text(block)

    assert load(file, environ={"HOME": str(tmp_path)}).channels


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


@pytest.mark.parametrize(("page", "target"), links(), ids=[f"{named(page)}: {target}" for page, target in links()])
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


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_names_no_place_on_a_developers_machine(page: Path) -> None:
    assert not re.search(r"/work/|/tmp/|/root/|pypi|simple/", text(page))


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[tuple[str, set[str]]]:
    """The real web edge on a fresh database with the documents' keys and monitors: its address and its paths."""
    clock, feed = Clock(), Feed()
    store = SqliteStore.open(folder / "seestackd.db")
    runner = Runner(store, clock, feed, on_broken=lambda: None)
    project = runner.call(keys.ensure_project, keys.EnsureProject())
    runner.call(keys.create, keys.CreateKey(project.id, "cron", Scope.INGEST, KEY))
    runner.call(keys.create, keys.CreateKey(project.id, "crontab", Scope.PING, PING_KEY))
    runner.call(monitors.add, monitors.AddMonitor(project.id, new_monitor("nightly-backup", "1d"), "p" * 22))
    runner.start()
    table = KeyTable(runner, feed, clock)
    await table.load()
    edge = create_app(runner, table, clock, WebSettings(shutdown_timeout=1), _no_troubles)
    await edge.setup()
    listener = bind("127.0.0.1", 0)
    await start_sites(edge, [listener])
    paths = {resource.canonical for resource in edge.app.router.resources()}
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", paths
    finally:
        await edge.cleanup()
        await table.close()
        await runner.stop()
        store.close()


async def _no_troubles() -> dict[str, str]:
    return {}


async def test_the_urls_described_are_those_that_exist(tmp_path: Path) -> None:
    rows = re.findall(r"^\| `(/[^`]*)` \| [A-Z, ]+ \|", text(ROOT / "docs" / "http.md"), re.MULTILINE)

    async with listening(tmp_path) as (_, paths):
        assert {path.replace("{rest}", "…") for path in paths} == set(rows)


def curls() -> list[tuple[str, str]]:
    """Every documented line that calls curl, as typed into a shell: without the five fields of a crontab."""
    found = []
    for page, line in shell_lines():
        command = re.sub(r"^(?:[\d*/]+ ){5}", "", line)
        if "curl " in command:
            found.append((page, command))
    return found


async def test_documented_curl_lines_work_as_they_stand(tmp_path: Path) -> None:
    backup = tmp_path / "backup.sh"
    backup.write_text("#!/bin/sh\necho 3 files copied\n")
    backup.chmod(0o700)
    seen: dict[str, int] = {}
    async with listening(tmp_path) as (url, _):
        for page, line in curls():
            typed = line.replace("http://127.0.0.1:8080", url).replace("/ping/KEY/", f"/ping/{PING_KEY}/")
            typed = typed.replace("PINGKEY", PING_KEY).replace("Key: KEY", f"Key: {KEY}")
            # A crontab's path holds the job; -fsS make curl's exit status the answer's.
            script = f'PATH="{tmp_path}:$PATH"; set -e; {typed}'
            done = await asyncio.to_thread(
                subprocess.run, ["sh", "-c", script], capture_output=True, text=True, timeout=20, check=False
            )
            assert (done.returncode, done.stderr) == (0, ""), f"{page}: {line}"
            seen[page] = seen.get(page, 0) + 1
        stored = await _heard(tmp_path)
    assert set(seen) == {"README.md", "docs/manual.md", "docs/http.md"}
    assert seen["README.md"] == 2
    assert stored >= sum(seen.values()) - 3, "all but http-requests, replay and livez are pings"


async def _heard(folder: Path) -> int:
    import sqlite3

    with sqlite3.connect(folder / "seestackd.db") as reader:
        return int(reader.execute("SELECT count(*) FROM pings").fetchone()[0])


async def test_a_documented_answer_is_the_answer(tmp_path: Path) -> None:
    described = text(ROOT / "docs" / "http.md")
    async with listening(tmp_path) as (url, _):
        answers = {
            "/livez": '{"status":"ok"}',
            "/readyz": '{"status":"ready"}',
            f"/ping/{PING_KEY}/nightly-backup": "OK",
        }
        for path, answer in answers.items():
            done = await asyncio.to_thread(
                subprocess.run, ["curl", "-fsS", f"{url}{path}"], capture_output=True, text=True, check=True, timeout=20
            )
            assert done.stdout == answer
            assert answer in described


def test_the_units_are_where_the_documents_say() -> None:
    service = text(ROOT / "systemd" / "seestackd.service")
    installed = urlsplit(re.search(r"^ExecStart=(\S+)", service, re.MULTILINE)[1]).path

    assert f"TO ?= {installed.removesuffix('/bin/seestackd')}\n" in text(ROOT / "Makefile")
    assert f"sudo {installed} key create" in text(README)
    for line in re.findall(r"^sudo install .*$", text(README), re.MULTILINE):
        for source in re.findall(r"(?<= )(?:config|systemd)/\S+", line):
            assert (ROOT / source).is_file()


@pytest.mark.parametrize(
    ("to", "python", "hidden"),
    [
        ("/home/me/seestackd", "/usr/bin/python3", "/home/me/seestackd"),
        ("/opt/never", "/root/python3", "/root/python3"),
    ],
)
def test_deploy_refuses_places_that_the_service_cannot_see(to: str, python: str, hidden: str, tmp_path: Path) -> None:
    interpreter = tmp_path / "python3"
    interpreter.write_text(f"#!/bin/sh\necho {python}\n")
    interpreter.chmod(0o700)

    refused = subprocess.run(
        ["make", "deploy", f"TO={to}", f"PYTHON={interpreter}"],
        cwd=ROOT, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip

    assert refused.returncode == 2
    assert f"The service cannot see {hidden};" in refused.stderr
    assert not Path(to).exists()
