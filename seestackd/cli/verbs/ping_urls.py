"""The addresses that a job can report to, ready to be put into a crontab line."""

from seestackd.core.monitor import Monitor
from seestackd.operations.keys import newest_ping_secret
from seestackd.settings import Settings, split_address
from seestackd.store.interface import Transaction

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def ping_urls(tx: Transaction, monitor: Monitor, settings: Settings) -> list[str]:
    """Return the monitor's ping URLs: by the project's newest ping key and its slug, and by its own ping id."""
    secret = newest_ping_secret(tx, monitor.project_id)
    paths = [monitor.ping_id] if secret is None else [f"{secret}/{monitor.slug}", monitor.ping_id]
    return [f"{base_url(settings)}/ping/{path}" for path in paths]


def base_url(settings: Settings) -> str:
    """Return the address under which the daemon is reached, without a trailing slash."""
    return (settings.server.public_url or _listening_at(settings.server.listen)).rstrip("/")


def _listening_at(listen: str) -> str:
    host, port = split_address(listen)
    host = _ANYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
