"""The documents of the project, cut into what tests look at."""

import re
from pathlib import Path

from tests.source import ROOT

README = ROOT / "README.md"
PAGES = [README, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str = "") -> list[str]:
    """The fenced blocks of a page in a language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text(page), re.DOTALL | re.MULTILINE)
    return [block for spoken, block in fenced if spoken == language]


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def shell_lines() -> list[tuple[str, str]]:
    """(page, line) of all that stands in a block without a language, continued lines joined."""
    return [
        (named(page), line)
        for page in PAGES
        for block in blocks(page)
        for line in block.replace("\\\n", " ").splitlines()
    ]
