"""Real receivers on loopback: a webhook that answers as told, and a mail server."""

import asyncio
import json
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as mail_policy
from pathlib import Path
from typing import Any

from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.ports import free_port


@dataclass
class Webhook:
    """Keeps what it received; answers with `answers` in turn, the last of them for ever."""

    port: int = 0
    answers: list[int | str] = field(default_factory=lambda: [200])
    headers: Mapping[str, str] = field(default_factory=dict)
    received: list[dict[str, Any]] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    open_gate: asyncio.Event = field(default_factory=asyncio.Event)
    runner: Any = None

    def url(self, rest: str = "/hook") -> str:
        return f"json://127.0.0.1:{self.port}{rest}"

    def titles(self) -> list[str]:
        return [body["title"] for body in self.received]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        self.seen.append((request.method, request.path_qs, dict(request.headers)))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if request.method == "POST":
            self.received.append(json.loads(body))
        if answer == "hang":
            await self.open_gate.wait()
            return web.Response()
        if answer == "drip":
            return await self._drip(request)
        return web.Response(status=int(answer), headers=self.headers)

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while not self.open_gate.is_set():
            await response.write(b".")
            await asyncio.sleep(0.05)
        return response


@asynccontextmanager
async def webhook(*answers: int | str, **headers: str) -> AsyncIterator[Webhook]:
    hook = Webhook(
        answers=list(answers) or [200], headers={name.replace("_", "-"): text for name, text in headers.items()}
    )
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", hook.answer)
    runner = hook.runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hook.port = runner.addresses[0][1]
    try:
        yield hook
    finally:
        hook.open_gate.set()
        await runner.cleanup()


class Mailbox:
    """What a mail server took; `refuse` answers every recipient with that line instead."""

    def __init__(self, refuse: str | None = None) -> None:
        self.mails: list[EmailMessage] = []
        self.refuse = refuse
        self.port = 0

    def url(self, login: str = "", rest: str = "") -> str:
        return f"mailto://{login}127.0.0.1:{self.port}?from=mon@example.org&to=ops@example.org{rest}"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails.append(BytesParser(policy=mail_policy).parsebytes(envelope.content or b""))  # type: ignore[arg-type]
        return "250 OK"


@asynccontextmanager
async def mail_server(
    refuse: str | None = None,
    login: Callable[[bytes, bytes], bool] | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Mailbox]:
    """Run a mail server on loopback; with `tls` it takes nothing before STARTTLS."""
    mailbox = Mailbox(refuse)
    options: dict[str, Any] = {"tls_context": tls, "require_starttls": True} if tls else {}
    if login:
        options |= {
            "authenticator": lambda _server, _session, _envelope, _mechanism, data: AuthResult(
                success=login(data.login, data.password), handled=False
            ),
            "auth_require_tls": tls is not None,
        }
    mailbox.port = free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port, **options)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


def self_signed(folder: Path) -> ssl.SSLContext:
    """Return what a server needs to speak TLS with a certificate that nobody trusts."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    made = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-nodes"]
    kind = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    subprocess.run([*kind, *made, "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=30)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context
