"""Plain heartbeats and pings without aiohttp in between: the same rules, asked the shortest way.

Anything that is not a ping to be recorded comes back as None, and is answered by the general path: it alone refuses.
"""

import logging
from dataclasses import replace
from hashlib import sha256

from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time

from seestackd.core.keys import MAY_INGEST
from seestackd.errors import Busy, SeestackdError
from seestackd.jobs import Tell
from seestackd.operations.pings import Recorded, RecordPing, record_or_count
from seestackd.runner import Runner
from seestackd.web.auth import KeyTable
from seestackd.web.complaints import Complaints
from seestackd.web.cors import Cors
from seestackd.web.errors import Answers, Refusal, of_error, of_status
from seestackd.web.hardening import harden
from seestackd.web.heads import Head, read_head
from seestackd.web.ingest import accepted, heartbeat_of, kind_of, record_ping
from seestackd.web.ping_urls import PingUrls, ping_failure, ping_taken
from seestackd.web.proxies import Proxies

log = logging.getLogger(__name__)

_MAX_HEADS = 4096


class Express:
    """Reads requests, and writes answers byte for byte as aiohttp does."""

    def __init__(
        self,
        runner: Runner,
        keys: KeyTable,
        answers: Answers,
        cors: Cors,
        proxies: Proxies,
        ping_urls: PingUrls,
        complaints: Complaints,
    ) -> None:
        self._runner = runner
        self._keys = keys
        self._answers = answers
        self._proxies = proxies
        self._ping_urls = ping_urls
        self._complaints = complaints
        self._vary = {"Vary": "Origin"} if cors.used else {}
        self._heads: dict[bytes, Head | None] = {}
        self._ready: dict[tuple[bool, str, bool, bool, int], tuple[bytes, bytes, bytes]] = {}
        self._refusals: dict[tuple[bool, str, bool, str, int], bytes] = {}
        self._date = ""

    def head(self, data: bytes) -> Head | None:
        """Return what `read_head` does. Clients send the same head again and again, so it is known by its digest."""
        mark = sha256(data).digest()
        try:
            return self._heads[mark]
        except KeyError:
            head = read_head(data)
            if len(self._heads) >= _MAX_HEADS:
                self._heads.clear()
            self._heads[mark] = head
            return head

    def command(self, head: Head, body: bytes, remote: str) -> RecordPing | None:
        """Return the ping that a request is, None when it is none or must be refused."""
        forwarded = head.headers.get("X-Forwarded-For")
        source = self._proxies.nearest(remote, () if forwarded is None else (forwarded,))
        try:
            if not head.is_heartbeat:
                return self._ping_urls.command(head.method, head.path, head.headers, source, body)
            caller = self._keys.known(head.key, MAY_INGEST, remote or None)
            document = None if caller is None else heartbeat_of(body)
            kind = None if document is None else kind_of(document)
            if caller is None or document is None or kind is None:
                return None
            key = document.get("eventId") or None
            return record_ping(caller.project_id, document, kind, source, key, head.headers)
        except (Refusal, SeestackdError):
            return None

    def post(self, command: RecordPing, tell: Tell) -> None:
        """Have the ping recorded; raises Busy."""
        self._runner.post(record_or_count, command, tell)

    def refuse(self, command: RecordPing) -> None:
        """Note that a ping has waited for too long; raises Busy."""
        self._runner.refuse(command)

    def answer(
        self, head: Head, command: RecordPing, remote: str, result: object, error: BaseException | None
    ) -> bytes:
        """Return the answer to a ping that was recorded, or could not be."""
        failure = error or (None if isinstance(result, Recorded) else result)
        if failure is not None and not isinstance(failure, SeestackdError):
            # Without the path of a ping URL, which may hold a key.
            log.error("Could not take %s", head.path if head.is_heartbeat else "a ping", exc_info=error)
            failure = SeestackdError("something went wrong on our side")
        if failure is None:
            assert isinstance(result, Recorded)
            return self._success(head, result)
        if not head.is_heartbeat:
            self._ping_urls.forget(command.ping_id)
        if type(failure) is Busy:
            self._complaints.note("503", remote)
            return self._busy(head, failure)
        response = self._failed(head, failure)
        self._complaints.note(str(response.status), remote)
        return _bytes(response, head)

    def _busy(self, head: Head, busy: Busy) -> bytes:
        """Return an answer that thousands get at once: the cheaper it is, the sooner the last of them hears it."""
        self._begin_second()
        kind = (head.is_heartbeat, head.method, head.closes, busy.message, busy.retry_after)
        ready = self._refusals.get(kind)
        if ready is None:
            ready = self._refusals[kind] = _bytes(self._failed(head, busy), head)
        return ready

    def _failed(self, head: Head, failure: SeestackdError) -> web.Response:
        if not head.is_heartbeat:
            return ping_failure(failure)
        refusal = of_status(500) if type(failure) is SeestackdError else of_error(failure)
        response = self._answers.error(refusal, raw=True)
        response.headers.update(self._vary)
        return response

    def _success(self, head: Head, recorded: Recorded) -> bytes:
        """Return an answer that differs from the last one of its kind in nothing but the monitor's id."""
        kind = (head.is_heartbeat, head.method, head.closes, recorded.created, len(recorded.monitor_uid))
        self._begin_second()
        ready = self._ready.get(kind)
        if ready is None:
            ready = self._ready[kind] = self._rendered(head, replace(recorded, monitor_uid="?" * kind[-1]))
        begin, _, end = ready
        return begin + recorded.monitor_uid.encode() + end if head.is_heartbeat else begin

    def _begin_second(self) -> None:
        """Forget what says the date of an earlier second."""
        date = rfc822_formatted_time()
        if date != self._date:
            self._ready.clear()
            self._refusals.clear()
            self._date = date

    def _rendered(self, head: Head, recorded: Recorded) -> tuple[bytes, bytes, bytes]:
        response = accepted(recorded) if head.is_heartbeat else ping_taken(recorded)
        if head.is_heartbeat:
            response.headers.update(self._vary)
        return _bytes(response, head).partition(recorded.monitor_uid.encode())


def _bytes(response: web.Response, head: Head) -> bytes:
    body = response.body
    harden(response.headers)
    assert isinstance(body, bytes)
    lines = [f"HTTP/1.1 {response.status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines += [f"Content-Length: {len(body)}", f"Date: {rfc822_formatted_time()}"]
    if head.closes:
        lines.append("Connection: close")
    return "\r\n".join((*lines, "", "")).encode() + (b"" if head.method == "HEAD" else body)
