"""The program can be installed as the documents say: the wheel, `make deploy`, the units."""

import re
import subprocess
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.documents import README, text
from tests.source import ROOT


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


def test_the_wheel_holds_the_readme_the_units_and_the_example(tmp_path: Path) -> None:
    wheel = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))

    with zipfile.ZipFile(wheel) as archive:
        shared = {name.partition(".data/data/")[2] for name in archive.namelist()}
        metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        assert text(README) in archive.read(metadata).decode()
    assert {
        "share/seestackd/config/seestackd.toml",
        "share/seestackd/systemd/seestackd.service",
        "share/seestackd/systemd/seestackd.socket",
    } <= shared
