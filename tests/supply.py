"""What the program is made of besides itself: `python -m tests.supply` writes docs/licences.md."""

import importlib.metadata
import re
import tomllib
from functools import cache

from tests.source import ROOT

# What packages say of themselves in words, as SPDX names.
_WORDS = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
    "License :: Public Domain": "public domain",
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "BSD": "BSD-3-Clause",
}
FREE = {
    "Apache-2.0",
    "Apache-2.0 AND MIT",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MPL-2.0",
    "PSF-2.0",
    "public domain",
}
_ABOUT = """\
# Licences

The packages that run with seestackd, as `requirements/runtime.txt` locks them with hashes, and what asks for them. This
page is made by `make licences`; a test compares it. `make sbom` makes a bill of materials in CycloneDX's form.

All licences allow use, change and passing on; MPL-2.0 asks that changes to its own files are passed on too. htmx and
uPlot, which the dashboard serves, have their licences beside them in `seestackd/web/static/vendor`.

| Package | Version | Licence | Asked for by |
|---|---|---|---|
"""
_COUNT = """
## How many, and why not fewer

There are {total}. No more than 30 was wanted; the {roots} packages named in `pyproject.toml` bring these with them:

| Package | Brings alone |
|---|---|
{rows}
What one "brings alone" would go with it. The web server, alerts through a hundred services and table tools are most;
each was chosen for what would have to be written, tested and kept secure instead. `pip` and `pluggy` come with
sqlite-utils, `markdown` and the `oauthlib` pair with Apprise; seestackd imports none of them. Nothing here reaches a
network but aiohttp, which listens, and requests, which sends alerts.
"""


@cache
def locked() -> dict[str, str]:
    """Package -> version, of all that runs."""
    text = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


def roots() -> list[str]:
    """The packages that pyproject.toml names."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return sorted(_name(requirement) for requirement in config["project"]["dependencies"])


@cache
def needs(package: str) -> set[str]:
    """The locked packages that a package asks for."""
    asked = importlib.metadata.requires(package) or []
    return {_name(line) for line in asked if "extra ==" not in line} & locked().keys()


@cache
def licence(package: str) -> str:
    """The SPDX name of a package's licence, as it says itself."""
    about = importlib.metadata.metadata(package)
    said = [about.get("License-Expression"), about.get("License"), *(about.get_all("Classifier") or [])]
    words = [_WORDS.get(word.strip(), word.strip()) for word in said if word]
    return next((word for word in words if word in FREE), "unknown")


def reached(start: set[str]) -> set[str]:
    found: set[str] = set()
    waiting = set(start)
    while waiting:
        package = waiting.pop()
        found.add(package)
        waiting |= needs(package) - found
    return found


def page() -> str:
    """The text of docs/licences.md."""
    packages = locked()
    named = roots()
    askers = {package: sorted(other for other in packages if package in needs(other)) for package in packages}
    table = "".join(
        f"| {package} | {version} | {licence(package)} | {', '.join(askers[package]) or 'seestackd'} |\n"
        for package, version in sorted(packages.items())
    )
    alone = {root: len(packages) - len(reached(set(named) - {root})) for root in named}
    rows = "".join(
        f"| {root} | {count} |\n" for root, count in sorted(alone.items(), key=lambda row: (-row[1], row[0]))
    )
    return _ABOUT + table + _COUNT.format(total=len(packages), roots=len(named), rows=rows)


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9_.-]", requirement)[0].lower().replace("_", "-").replace(".", "-")


if __name__ == "__main__":
    (ROOT / "docs" / "licences.md").write_text(page(), encoding="utf-8")
