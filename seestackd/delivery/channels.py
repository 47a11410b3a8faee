"""Where alerts go: named Apprise targets, and what may be shown of them."""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from seestackd.core.digest import SINGLES
from seestackd.delivery.services import RESOLVING

# Only of these the host is a machine; elsewhere its place may hold a token (pover://user@TOKEN, slack://TOKEN/...).
_HOSTED = """
apprise gotify hassio http json form xml mailto matrix mmost ncloud nctalk ntfy rocket rsyslog signal synology
"""
_WITH_HOST = frozenset(_HOSTED.split())
_HIDDEN = "…"
_MIN_SECRET = 4
_ANY_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Channel:
    """One named target; `url` is a secret, `limit` the seconds that one sending may take.

    `fallback` is the channel that gets what this one does not take. `digest` is how many messages go out on their own
    before a storm comes in digests. Without `allow_private` it may only reach addresses of the public internet.
    """

    name: str
    url: str = field(repr=False)
    limit: float = 30.0
    fallback: str | None = None
    digest: int = SINGLES
    allow_private: bool = True

    @property
    def limit_ms(self) -> int:
        return round(self.limit * 1000)

    @property
    def schema(self) -> str:
        return self.url.partition("://")[0].strip().lower()

    @property
    def resolves(self) -> bool:
        """Whether the service keeps incidents, which a recovery closes."""
        return self.schema in RESOLVING


def display(url: str) -> str:
    """Return `schema://host`, or `schema://…` where the place of the host may hold a token."""
    schema, found, _ = url.partition("://")
    if not found:
        return _HIDDEN
    return f"{schema}://{_shown_host(url) or _HIDDEN}"


def redact(text: str, url: str) -> str:
    """Take out of a text whatever the channel's URL is made of, besides its schema and a shown host."""
    text = text.replace(url, display(url))
    for secret in _secrets(url):
        text = text.replace(secret, _HIDDEN)
    return _ANY_URL.sub(lambda found: display(found.group()), text)


def _shown_host(url: str) -> str | None:
    parts = _split(url)
    schema = parts.scheme.lower()
    # ntfy://topic is a topic on the public server, ntfy://host/topic a machine.
    if schema.startswith("ntfy") and not parts.path.strip("/"):
        return None
    host = parts.netloc.rpartition("@")[2].split(":")[0] if "[" not in parts.netloc else parts.hostname
    return host if schema.removesuffix("s") in _WITH_HOST else None


def _secrets(url: str) -> list[str]:
    """Return the parts that must not be shown, longest first; the password and user whatever their length."""
    parts = _split(url)
    login, _, place = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    loose = [*re.split(r"[/:]", parts.path), parts.path.strip("/"), parts.query, parts.fragment]
    loose += [value for _, value in parse_qsl(parts.query, keep_blank_values=True)]
    # A value such as "Bearer TOKEN" is known by its words too.
    loose += [word for value in tuple(loose) for word in value.split()]
    if _shown_host(url) is None:
        loose += [place, *place.split(":")]
    kept = {user, password, unquote(user), unquote(password)}
    kept |= {form for part in loose for form in (part, unquote(part)) if len(form) >= _MIN_SECRET}
    return sorted(kept - {""}, key=len, reverse=True)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")
