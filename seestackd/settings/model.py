"""What can be set, with defaults and limits; the commented list for people is config/seestackd.toml."""

import ipaddress
import os
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from seestackd.core.durations import parse_duration
from seestackd.errors import Invalid

MIB = 1024 * 1024
MAX_GRACE_MS = 30 * 86_400_000
MAX_SETTLE_MS = 600_000
MAX_SOCKET_BYTES = 107
MAX_SECRET_BYTES = 64 * 1024


def _problem(message: str) -> PydanticCustomError:
    # The message goes in as a value: a brace in it is not a placeholder.
    return PydanticCustomError("setting", "{message}", {"message": message})


def split_address(text: str) -> tuple[str, int]:
    """Split "HOST:PORT" or "[IPV6]:PORT" into host and port; raises ValueError."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or (":" in host and not bracketed) or not (port.isascii() and port.isdigit()):
        raise ValueError(f'"{text}" is not HOST:PORT')
    if int(port) > 65535:
        raise ValueError(f'"{text}" is not HOST:PORT')
    return host[1:-1] if bracketed else host, int(port)


def _address(text: str) -> str:
    try:
        split_address(text)
    except ValueError:
        raise _problem("must be HOST:PORT; write for example 127.0.0.1:8080 or [::1]:8080") from None
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
        raise _problem("must be an http(s) address without user, query or fragment; write https://mon.example")
    return text.rstrip("/")


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if text != "*" and (parts.scheme not in ("http", "https") or text != f"{parts.scheme}://{parts.netloc}"):
        raise _problem('must be an origin such as https://shop.example (no path, no trailing slash), or "*"')
    return text


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise _problem("must be an address or network such as 10.0.0.1 or 10.0.0.0/8") from None
    return text


def _zone(text: str) -> str:
    try:
        zoneinfo.ZoneInfo(text)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise _problem("no such time zone; write UTC or a name such as Europe/Berlin") from None
    return text


def _grace(text: str) -> str:
    try:
        length = parse_duration(text, "grace")
    except Invalid as error:
        raise _problem(error.message) from None
    if length > MAX_GRACE_MS:
        raise _problem("must be 30 days at most; write for example 15m")
    return text


def _settle(text: str) -> str:
    try:
        length = parse_duration(text, "settle")
    except Invalid as error:
        raise _problem(error.message) from None
    if length > MAX_SETTLE_MS:
        raise _problem("must be 10 minutes at most; write for example 20s")
    return text


def _outside_url(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise _problem("must be an http(s) address; write the ping URL that the outside service gave you")
    return text


def _channel_url(text: str) -> str:
    if "://" not in text:
        raise _problem("has no scheme; write an Apprise URL such as ntfys://ntfy.sh/topic")
    return text


def default_database(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the data lives when nobody said: systemd's state directory, root's, or the user's own."""
    state = environ.get("STATE_DIRECTORY", "").split(":")[0]
    if state or os.geteuid() == 0:
        return Path(state or "/var/lib/seestackd") / "seestackd.db"
    home = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "seestackd" / "seestackd.db"


def _unset(text: Any) -> Any:
    return None if text == "" else text


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


class Server(_Table):
    """Where it listens and whom it believes. `public_url` has no trailing slash."""

    listen: Annotated[str, AfterValidator(_address)] = "127.0.0.1:8080"
    public_url: Annotated[Annotated[str, AfterValidator(_base_url)] | None, BeforeValidator(_unset)] = None
    socket: Annotated[Annotated[Path, AfterValidator(Path.expanduser)] | None, BeforeValidator(_unset)] = None
    cors_origins: tuple[Annotated[str, AfterValidator(_origin)], ...] = ()
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    max_body_bytes: int = Field(default=8 * MIB, ge=MIB, le=64 * MIB)


class Storage(_Table):
    """Where the data is; `path` is the database file."""

    path: Annotated[Path, AfterValidator(Path.expanduser)] = Field(default_factory=default_database)


class Defaults(_Table):
    """What a monitor gets that does not say."""

    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    grace: Annotated[str, AfterValidator(_grace)] = "5m"

    @property
    def grace_ms(self) -> int:
        return parse_duration(self.grace)


class ChannelSettings(_Table):
    """One place alerts go to. `url` is the secret itself, whichever way it came; empty when it was left unread."""

    url: Annotated[str, AfterValidator(_channel_url)] = Field(default="", repr=False)
    url_file: str | None = None
    url_credential: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, table: Any, info: ValidationInfo) -> Any:
        if not isinstance(table, dict):
            return table
        if len(table.keys() & cls.model_fields.keys()) != 1:
            raise _problem("needs exactly one of url, url_file and url_credential")
        return _with_url(table, info)


class Deadman(_Table):
    """The outside URL that is pinged while all is well; `url` is the secret itself, empty when there is none."""

    url: Annotated[str, AfterValidator(_outside_url)] = Field(default="", repr=False)
    url_file: str = ""
    url_credential: str = ""

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, table: Any, info: ValidationInfo) -> Any:
        if not isinstance(table, dict):
            return table
        given = {name: value for name, value in table.items() if value != ""}
        if len(given.keys() & cls.model_fields.keys()) > 1:
            raise _problem("takes one of url, url_file and url_credential; remove the others")
        return _with_url(given, info)


class Judge(_Table):
    """How silence is judged. `settle` is the wait after a restart or a hold-up of the process."""

    settle: Annotated[str, AfterValidator(_settle)] = "20s"

    @property
    def settle_s(self) -> float:
        return parse_duration(self.settle) / 1000


def _with_url(table: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    """Add the URL that a file or a credential holds; `info.context` names the folders to look in."""
    context = info.context or {}
    if isinstance(name := table.get("url_file"), str):
        return {**table, "url": _secret(Path(context.get("folder") or ".") / Path(name).expanduser())}
    if isinstance(name := table.get("url_credential"), str):
        folder = context.get("credentials")
        return {**table, "url": _credential(name, folder)} if folder or context.get("needed", True) else table
    return table


def _credential(name: str, folder: str | None) -> str:
    if not folder:
        raise _problem("url_credential needs systemd; start it as a unit with LoadCredential=, or use url_file instead")
    if "/" in name or name in ("", ".", ".."):
        raise _problem("url_credential is a credential's name, without slashes")
    return _secret(Path(folder) / name)


def _secret(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise _problem(f"cannot read {path}: {error.strerror}; create it with the URL in it") from None
    try:
        text = content.decode().strip()
    except UnicodeDecodeError:
        text = ""
    if not text or len(content) > MAX_SECRET_BYTES or len(text.split()) > 1:
        raise _problem(f"{path} must hold one URL and nothing else")
    return text


class Settings(_Table):
    """Everything that can be set. `monitors` holds the raw tables of `[monitors.<slug>]`."""

    default_channels: tuple[str, ...] = ()
    server: Server = Field(default_factory=Server)
    storage: Storage = Field(default_factory=Storage)
    defaults: Defaults = Field(default_factory=Defaults)
    judge: Judge = Field(default_factory=Judge)
    deadman: Deadman = Field(default_factory=Deadman)
    channels: dict[str, ChannelSettings] = Field(default_factory=dict)
    monitors: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @property
    def socket_path(self) -> Path:
        """The unix socket that the command line talks to."""
        socket = self.server.socket
        return socket or self.storage.path.with_name("seestackd.sock")
