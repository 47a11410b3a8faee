"""The templates, read once; what they may call."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from jinja2 import Environment, PackageLoader, StrictUndefined

from seestackd.core.durations import format_duration
from seestackd.web.pages import bars, wording
from seestackd.web.pages.assets import Assets
from seestackd.web.pages.gate import csrf_token
from seestackd.web.pages.page import Visit


class Templates:
    """Renders templates with autoescape; every one is compiled at start, so that no request reads a file."""

    def __init__(self, assets: Assets, timezone: str) -> None:
        self._timezone = timezone
        self._asset = assets.named
        loader = PackageLoader("seestackd.web")
        self._environment = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
            auto_reload=False, cache_size=-1,
        )  # fmt: skip
        environment = self._environment
        environment.globals.update(words=wording.STATES)
        environment.filters.update(
            duration=format_duration, took=wording.took, bytes=wording.in_bytes, counted=wording.counted,
            visible=wording.visible, bar=bars.coded,
        )  # fmt: skip
        for name in loader.list_templates():
            environment.get_template(name)

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
        return self._environment.get_template(name).render({**frame, **values})
