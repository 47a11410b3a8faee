"""The templates, read once; what they may call."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from seestackd.core.durations import format_duration
from seestackd.web.pages import bars, wording
from seestackd.web.pages.assets import Assets
from seestackd.web.pages.gate import csrf_token
from seestackd.web.pages.page import Visit

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = Path(__file__).parents[1] / "templates"


@cache
def sources() -> Mapping[str, str]:
    """Return the text of every template by its name."""
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(_FOLDER.iterdir()) if file.is_file()}


@cache
def environment() -> "Environment":
    """Return what every site renders with: autoescape, and undefined names are errors.

    Jinja and each template are loaded when a page is first shown: many daemons show none, and all starts are quicker.
    """
    from jinja2 import DictLoader, Environment, StrictUndefined

    made = Environment(
        loader=DictLoader(sources()),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        auto_reload=False, cache_size=-1,
    )  # fmt: skip
    made.globals.update(words=wording.STATES)
    made.filters.update(
        duration=format_duration, took=wording.took, bytes=wording.in_bytes, counted=wording.counted,
        visible=wording.visible, bar=bars.coded,
    )  # fmt: skip
    return made


class Templates:
    """Renders templates with the static files and the zone of one daemon."""

    def __init__(self, assets: Assets, timezone: str) -> None:
        self._timezone = timezone
        self._asset = assets.named
        # Read now, so that pages of one process never mix two versions of the package.
        sources()

    def render(self, visit: Visit, name: str, at: int, values: Mapping[str, Any]) -> str:
        """Return the HTML for a visit at an instant (ms UTC)."""
        moments = wording.Moments(visit.times, visit.browser_zone, self._timezone, at)
        frame = {
            "visit": visit,
            "link": visit.link,
            "plain": visit.plain,
            "static": lambda name: visit.plain(f"/static/{self._asset(name)}"),
            "at": at,
            "zone": self._timezone,
            "times": moments,
            "token": lambda: csrf_token(visit.secret),
            "notice": unquote(visit.request.cookies.get("seestackd_said", ""))[:500],
            "warnings": (),
        }
        return environment().get_template(name).render({**frame, **values})
