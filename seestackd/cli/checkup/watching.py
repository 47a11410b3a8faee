"""Whether anybody is watched and anybody told: settings, daemon, and what the database holds."""

import fcntl
import http.client
import ipaddress
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seestackd.cli.checkup import Finding, broken, fine, note
from seestackd.cli.checkup.reserves import schedules
from seestackd.core.alerts import channels_of
from seestackd.core.keys import MAY_INGEST, Scope
from seestackd.operations.monitors import ListMonitors, listed
from seestackd.settings import Settings, split_address
from seestackd.store.interface import Transaction

DAY_MS = 86_400_000
MAX_NAMED = 5
_WITHIN_S = 5.0
_FIXES = {
    "judge": "see the daemon's log; restart it",
    "loop": "see the daemon's log; is the machine overloaded?",
    "outbox": "see the daemon's log; restart it",
    "database": "see the daemon's log; is the disk full?",
    "disk": "make room",
    "alerts": "see what hinders them: seestackd alert ls",
}


def settings(found: Settings, file: Path | None) -> Iterator[Finding]:
    """Check what the settings say, and what they leave out."""
    url = found.server.public_url
    yield (
        fine("public_url", url)
        if url
        else note(
            "public_url",
            "not set: links in alerts lead to this machine only",
            'set it in [server]: "https://mon.example"',
        )
    )
    yield _channels(found)
    yield from _unusable(found)
    if found.channels:
        default = ", ".join(found.default_channels)
        step = "set default_channels above the first table"
        yield (
            fine("default channels", default)
            if default
            else note("default channels", "none: only monitors that name a channel raise alerts", step)
        )
    yield _listen(found.server.listen)
    yield (
        fine("dead man", "an outside service is told")
        if found.deadman.url
        else note("dead man", "nobody notices when this machine dies", "set [deadman] to a URL of another service")
    )
    if file is not None:
        yield _secrets(found, file)


def daemon_pid(database: Path) -> int | None:
    """Return the process that holds the database; None when nobody does."""
    try:
        file = os.open(database.with_name(database.name + ".lock"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.pread(file, 20, 0).strip() or 0) or None
    finally:
        os.close(file)
    return None


def daemon(found: Settings, pid: int | None) -> Iterator[Finding]:
    """Check that the daemon runs, answers and does its work."""
    if pid is None:
        yield broken("daemon", "none runs: nothing is heard or judged", "systemctl start seestackd")
        return
    if _answers(found.socket_path):
        yield fine("daemon", f"process {pid} answers on {found.socket_path}")
    else:
        yield broken(
            "daemon", f"process {pid} has the database, and nobody answers on {found.socket_path}", "see its log"
        )
    troubles = _readyz(found.server.listen)
    if troubles is None:
        yield note("readiness", f"no answer from {found.server.listen}", "does systemd's socket listen elsewhere?")
    elif not troubles:
        yield fine("readiness", "it judges, sends and stores")
    for part, reason in (troubles or {}).items():
        yield broken(part, reason, _FIXES.get(part, "see the daemon's log"))


def stored(tx: Transaction, found: Settings, now: int) -> Iterator[Finding]:
    """Check what is watched, who may send, who is told, and what could not be delivered."""
    projects = tx.projects.all()
    views = [view for project in projects for view in listed(tx, ListMonitors(project.id), now)]
    count = f"{len(views):,} watched"
    yield fine("monitors", count) if views else note("monitors", "none", "seestackd monitor add SLUG --schedule ...")
    yield schedules(tx)
    keys = [key for key in tx.keys.all() if key.revoked_at is None]
    senders = [key for key in keys if key.scope in MAY_INGEST or key.scope == Scope.PING]
    yield (
        fine("keys", f"{len(senders)} may send")
        if senders
        else note("keys", "nobody may send", "seestackd key create NAME")
    )
    named = {name for view in views for name in channels_of(found.routing, view.monitor)[0]}
    unknown = sorted(named - found.channels.keys())
    yield (
        broken(
            "monitors' channels",
            f"not defined: {', '.join(unknown[:MAX_NAMED])}",
            "add [channels.NAME], or name another: seestackd monitor edit SLUG --channel NAME",
        )
        if unknown
        else fine("monitors' channels", "all defined")
    )
    figures = tx.counting.figures(now - DAY_MS)
    yield (
        broken(
            "dead letters", f"{figures.dead} alerts were given up", "seestackd alert ls, then alert resend or alert ack"
        )
        if figures.dead
        else fine("dead letters", "none")
    )
    blind = figures.blind_ms // 1000
    yield (
        note(
            "blind time", f"{blind} s of the last 24 hours were not heard", "see when and why: journalctl -u seestackd"
        )
        if blind > 60
        else fine("blind time", f"{blind} s in the last 24 hours")
    )


def _channels(found: Settings) -> Finding:
    if not found.channels:
        # A choice as long as it is known: whoever begins has none yet.
        return note("channels", "none: nobody is told of anything", "add [channels.NAME] to the settings")
    return fine("channels", ", ".join(sorted(found.channels)))


def _unusable(found: Settings) -> Iterator[Finding]:
    from seestackd.delivery.apprise_sender import check_url

    for name, channel in sorted(found.channels.items()):
        if channel.url and (reason := check_url(channel.url)):
            yield broken(f"channel {name}", reason, f"correct [channels.{name}], then: seestackd alert test {name}")


def _listen(address: str) -> Finding:
    host, _ = split_address(address)
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local:
        return note(
            "listen", f"{address} is open to the network, unencrypted", "listen on 127.0.0.1, behind a proxy with TLS"
        )
    return fine("listen", f"{address}, this machine alone")


def _secrets(found: Settings, file: Path) -> Finding:
    tables = found.channels.values()
    inline = any(table.url and not (table.url_file or table.url_credential) for table in tables)
    if inline and file.stat().st_mode & 0o044:
        return broken("settings file", f"others may read the URLs of channels in {file}", f"chmod 600 {file}")
    return fine("settings file", str(file))


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_WITHIN_S)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _readyz(listen: str) -> dict[str, str] | None:
    """Return what /readyz finds wrong; None when there is no answer."""
    host, port = split_address(listen)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    connection = http.client.HTTPConnection(host, port, timeout=_WITHIN_S)
    try:
        connection.request("GET", "/readyz")
        answer: dict[str, Any] = json.load(connection.getresponse())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    reasons: dict[str, str] = answer.get("reasons") or {}
    return reasons if answer.get("status") in ("ready", "not ready") else None
