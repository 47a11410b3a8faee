"""The project installs the same everywhere: the locks are whole, and the targets are the promised ones."""

import re
import subprocess
import tomllib
from importlib.metadata import entry_points, version
from pathlib import Path

import seestackd
from tests.rows import rows
from tests.source import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    """Package name -> locked version."""
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    return {match["name"]: match["version"] for match in PIN.finditer(text)}


def declared(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9-]", requirement)[0].lower() for requirement in requirements}


@rows("lock", LOCKS)
def test_a_lock_names_no_host_and_no_path(lock: Path) -> None:
    strays = [line for line in lock.read_text(encoding="utf-8").splitlines() if re.search(r"://|^-|^/| @ ", line)]

    assert not strays


@rows("lock", LOCKS)
def test_every_pin_of_a_lock_has_its_hashes(lock: Path) -> None:
    entries = re.split(r"\n(?=[a-z])", lock.read_text(encoding="utf-8").strip())

    assert entries
    assert [entry for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)] == []


def test_what_pyproject_asks_for_is_locked() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = {name: [r for r in group if isinstance(r, str)] for name, group in config["dependency-groups"].items()}

    assert declared(config["project"]["dependencies"]) <= pins("runtime.txt").keys()
    assert declared(groups["dev"] + groups["build"]) <= pins("dev.txt").keys()
    assert declared(groups["build"]) <= pins("build.txt").keys()


def test_tests_run_on_the_versions_that_users_get() -> None:
    dev = pins("dev.txt")

    assert pins("runtime.txt").items() <= dev.items()
    assert pins("build.txt").items() <= dev.items()


def test_the_environment_holds_what_the_lock_says() -> None:
    locked = pins("runtime.txt")

    assert {name: version(name) for name in locked} == locked


def test_the_command_and_its_version_are_installed() -> None:
    commands = {script.name: script.value for script in entry_points(group="console_scripts")}

    assert commands["seestackd"] == "seestackd.cli:main"
    assert version("seestackd") == seestackd.__version__


def test_make_alone_lists_the_targets() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, timeout=10, check=True).stdout

    for target in ("install", "run", "test", "check", "check-long", "demo", "bench", "lock", "clean"):
        assert f"make {target} " in listed
