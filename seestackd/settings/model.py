"""What can be set, with defaults and limits; the commented list for people is config/seestackd.toml."""

import ipaddress
import re
import zoneinfo
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from seestackd.core.alerts import Routing
from seestackd.core.durations import parse_duration
from seestackd.settings.alerting import AlertRules, ChannelSettings, Deadman, escalation_steps, routing
from seestackd.settings.files import default_database
from seestackd.settings.tables import Table, duration_ms, problem
from seestackd.settings.upkeep import Backup, Retention

MIB = 1024 * 1024
MAX_GRACE_MS = 30 * 86_400_000
MAX_SETTLE_MS = 600_000
MAX_SOCKET_BYTES = 107
_NOT_CHOSEN = {"localtime", "Factory"}


def split_address(text: str) -> tuple[str, int]:
    """Split "HOST:PORT" or "[IPV6]:PORT" into host and port; raises ValueError."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or (":" in host and not bracketed) or not (port.isascii() and port.isdigit()):
        raise ValueError(f'"{text}" is not HOST:PORT')
    if int(port) > 65535 or not host.isprintable():
        raise ValueError(f'"{text}" is not HOST:PORT')
    return host[1:-1] if bracketed else host, int(port)


def _address(text: str) -> str:
    try:
        split_address(text)
    except ValueError:
        raise problem("must be HOST:PORT; write for example 127.0.0.1:8080 or [::1]:8080") from None
    return text


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if (
        parts.scheme not in ("http", "https")
        or not parts.netloc
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise problem("must be an http(s) address without user, query or fragment; write https://mon.example")
    return text.rstrip("/")


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if text != "*" and (parts.scheme not in ("http", "https") or text != f"{parts.scheme}://{parts.netloc}"):
        raise problem('must be an origin such as https://shop.example (no path, no trailing slash), or "*"')
    return text


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise problem("must be an address or network such as 10.0.0.1 or 10.0.0.0/8") from None
    return text


def _zone(text: str) -> str:
    if text not in zoneinfo.available_timezones() - _NOT_CHOSEN:
        raise problem("no such time zone; write UTC or a name such as Europe/Berlin")
    return text


def _file(path: Path) -> Path:
    if not path.name or not str(path).isprintable():
        raise problem("must be the path of a file; write for example /var/lib/seestackd/seestackd.db")
    return path.expanduser()


def _grace(text: str) -> str:
    duration_ms(text, "grace", MAX_GRACE_MS, "15m")
    return text


def _settle(text: str) -> str:
    duration_ms(text, "settle", MAX_SETTLE_MS, "20s")
    return text


def _unset(text: Any) -> Any:
    return None if text == "" else text


class Server(Table):
    """Where it listens and whom it believes. `public_url` has no trailing slash."""

    listen: Annotated[str, AfterValidator(_address)] = "127.0.0.1:8080"
    public_url: Annotated[Annotated[str, AfterValidator(_base_url)] | None, BeforeValidator(_unset)] = None
    socket: Annotated[Annotated[Path, AfterValidator(Path.expanduser)] | None, BeforeValidator(_unset)] = None
    cors_origins: tuple[Annotated[str, AfterValidator(_origin)], ...] = ()
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    max_body_bytes: int = Field(default=8 * MIB, ge=MIB, le=64 * MIB)
    fast_front: bool = True
    uvloop: bool = True


def _header(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9-]{1,64}", text):
        raise problem("must be the name of a header; write for example Remote-User")
    return text


class Dashboard(Table):
    """Who is let in to the pages: a proxy at `user_header_from` says in `user_header` who has logged in there."""

    user_header: Annotated[str, AfterValidator(_header)] = ""
    user_header_from: tuple[Annotated[str, AfterValidator(_network)], ...] = ()


class Storage(Table):
    """Where the data is; `path` is the database file."""

    path: Annotated[Path, AfterValidator(_file)] = Field(default_factory=default_database)


class Defaults(Table):
    """What a monitor gets that does not say."""

    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    grace: Annotated[str, AfterValidator(_grace)] = "5m"

    @property
    def grace_ms(self) -> int:
        return parse_duration(self.grace)


class Judge(Table):
    """How silence is judged. `settle` is the wait after a restart or a hold-up of the process."""

    settle: Annotated[str, AfterValidator(_settle)] = "20s"

    @property
    def settle_s(self) -> float:
        return parse_duration(self.settle) / 1000


class Settings(Table):
    """Everything that can be set. `monitors` holds the raw tables of `[monitors.<slug>]`."""

    default_channels: tuple[str, ...] = ()
    monthly_report: tuple[str, ...] = ()
    server: Server = Field(default_factory=Server)
    storage: Storage = Field(default_factory=Storage)
    defaults: Defaults = Field(default_factory=Defaults)
    judge: Judge = Field(default_factory=Judge)
    dashboard: Dashboard = Field(default_factory=Dashboard)
    deadman: Deadman = Field(default_factory=Deadman)
    alert_rules: AlertRules = Field(default_factory=AlertRules)
    backup: Backup = Field(default_factory=Backup)
    retention: Retention = Field(default_factory=Retention)
    channels: dict[str, ChannelSettings] = Field(default_factory=dict)
    escalation: Annotated[dict[str, tuple[str, ...]], AfterValidator(escalation_steps)] = Field(default_factory=dict)
    monitors: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @property
    def socket_path(self) -> Path:
        """The unix socket that the command line talks to."""
        socket = self.server.socket
        return socket or self.storage.path.with_name("seestackd.sock")

    @property
    def routing(self) -> Routing:
        """Who may hear of alerts."""
        return routing(
            self.default_channels, self.channels, self.escalation, self.defaults.timezone, self.monthly_report
        )
