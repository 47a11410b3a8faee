"""The three ingest endpoints of contract.md 2-4: check, mask, hand to the runner, answer once it is durable."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from seestackd.core.masking import mask_text
from seestackd.core.output import harmless
from seestackd.core.pings import PingKind
from seestackd.errors import SeestackdError
from seestackd.operations import pings, replay, telemetry
from seestackd.runner import Runner
from seestackd.web import wire
from seestackd.web.auth import Caller, KeyTable
from seestackd.web.batch_messages import REPLAY, REQUESTS
from seestackd.web.batches import MAX_NAME, valid
from seestackd.web.bodies import Bodies
from seestackd.web.cors import Cors
from seestackd.web.errors import VALIDATION_FAILED, Answers, Refusal, answer, of_error, of_status
from seestackd.web.ping_fields import trace_of
from seestackd.web.proxies import Proxies

log = logging.getLogger(__name__)

Handler = Callable[[web.Request, Caller], Awaitable[web.Response]]

_KINDS = {"success": PingKind.SUCCESS, "failed": PingKind.FAILED}


class Ingest:
    """Takes what SDKs send."""

    def __init__(
        self, runner: Runner, keys: KeyTable, bodies: Bodies, answers: Answers, cors: Cors, proxies: Proxies
    ) -> None:
        self._runner = runner
        self._keys = keys
        self._bodies = bodies
        self._answers = answers
        self._cors = cors
        self._proxies = proxies

    async def heartbeat(self, request: web.Request) -> web.StreamResponse:
        """POST /ingest/v1/heartbeat: 202 once the ping is committed."""
        return await self._serve(request, self._heartbeat, raw=True)

    async def http_requests(self, request: web.Request) -> web.StreamResponse:
        """POST /ingest/v1/http-requests: all of the batch is stored, or nothing."""
        return await self._serve(request, self._http_requests)

    async def replay(self, request: web.Request) -> web.StreamResponse:
        """POST /ingest/v1/replay."""
        return await self._serve(request, self._replay)

    async def _serve(self, request: web.Request, handler: Handler, *, raw: bool = False) -> web.Response:
        if request.method != "POST":
            return self._not_post(request)
        try:
            response = await handler(request, await self._keys.ingester(request))
        except Refusal as refusal:
            response = self._answers.error(refusal, raw=raw)
        except SeestackdError as error:
            response = self._answers.error(of_error(error), raw=raw)
        except (ConnectionError, web.HTTPException):
            raise
        except Exception:
            log.exception("Could not take %s", request.path)
            response = self._answers.error(of_status(500), raw=raw)
        return self._cors.allow(request, response)

    def _not_post(self, request: web.Request) -> web.Response:
        if request.method == "OPTIONS":
            return self._cors.preflight(request)
        return self._answers.error(of_status(405, headers={"Allow": "POST"}))

    async def _heartbeat(self, request: web.Request, caller: Caller) -> web.Response:
        document = await self._bodies.parsed(request, heartbeat_of)
        kind = kind_of(document)
        if kind is None:
            raise Refusal(422, "VALIDATION_ERROR", "Status must be 'success' or 'failed'")
        key, source = _idempotency_key(request, document), self._proxies.client(request)
        command = record_ping(caller.project_id, document, kind, source, key, request.headers)
        recorded = await self._runner.submit(pings.record_or_count, command)
        if not isinstance(recorded, pings.Recorded):
            raise recorded
        return accepted(recorded)

    async def _http_requests(self, request: web.Request, caller: Caller) -> web.Response:
        rows = await self._bodies.batch(request, REQUESTS)
        command = telemetry.StoreRequests(caller.project_id, rows)
        accepted = await self._runner.submit(telemetry.store, command, bulk=True)
        return answer(202, b'{"ok":true,"accepted":%d}' % accepted)

    async def _replay(self, request: web.Request, caller: Caller) -> web.Response:
        sent = await self._bodies.batch(request, REPLAY)
        command = replay.StoreReplay(caller.project_id, sent.fingerprint, sent.session_id, sent.batch)
        received = await self._runner.submit(replay.store, command, bulk=True)
        return self._answers.success(202, {"eventsReceived": received})


def heartbeat_of(body: bytes) -> wire.Heartbeat:
    """Return the heartbeat that a body holds, masked; raises Refusal."""
    document = valid(wire.HEARTBEAT, body)
    message = document.get("message")
    if message:
        document["message"] = mask_text(message)
    return document


def kind_of(document: wire.Heartbeat) -> PingKind | None:
    """Return what a heartbeat reports; None for a status that is none."""
    status = document["status"]
    return _KINDS.get(status) or _KINDS.get(status.lower() if status.isascii() else status)


def record_ping(
    project_id: int,
    document: wire.Heartbeat,
    kind: PingKind,
    source: str | None,
    key: str | None,
    headers: Mapping[str, str],
) -> pings.RecordPing:
    """Return what a heartbeat asks for."""
    return pings.RecordPing(
        project_id,
        document["slug"],
        kind,
        duration_ms=document["durationMs"],
        rid=_cut(document.get("rid")),
        message=document.get("message"),
        source=source,
        host=_cut(document.get("host")),
        trace_id=_cut(document.get("traceId")) or trace_of(headers),
        key=key,
        own_at=document.get("at"),
        sent_at=document.get("sentAt"),
    )


def accepted(recorded: pings.Recorded) -> web.Response:
    """Return the answer to a heartbeat that is stored."""
    return answer(202, b'{"ok":true,"monitorId":"%b"}' % recorded.monitor_uid.encode())


def _cut(text: str | None) -> str | None:
    return text[:MAX_NAME] if text else None


def _idempotency_key(request: web.Request, document: wire.Heartbeat) -> str | None:
    header = harmless(request.headers.get("Idempotency-Key", ""))
    if len(header.encode()) > wire.MAX_IDEMPOTENCY_KEY:
        message = f"must be at most {wire.MAX_IDEMPOTENCY_KEY} bytes long"
        raise Refusal(422, "VALIDATION_ERROR", VALIDATION_FAILED, details={"Idempotency-Key": message})
    return document.get("eventId") or header or None
