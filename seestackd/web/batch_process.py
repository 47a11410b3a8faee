"""Large batches are read in processes of their own, so that no heartbeat waits for the interpreter meanwhile.

The first starts with the first large batch. A body goes there as a descriptor of memory; a socket brings the batch.
"""

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path

import seestackd
from seestackd.errors import Busy
from seestackd.web.batch_messages import ANSWERED, ASKED, AT_REST_ONLY, HELLO, Batch, Form, result_of
from seestackd.web.gathered import Gathered

log = logging.getLogger(__name__)

MOST_PROCESSES = 2
"""The second one starts when batches wait for the first, and where there is more than one core."""

AT_ONCE = 6
"""So many bodies lie at the processes, each of which reads one; the others wait here."""

_BUSY = 2  # one that is read, and the next one
STARTED_WITHIN_S = 20.0
ANSWERED_WITHIN_S = 30.0
TRY_AGAIN_AFTER_S = 60.0

AT_REST_WITHIN_S = 5.0
"""So long a process that works only at rest has for a batch; who needs longer is on a machine that has no rest."""

NO_REST_FOR_S = 600.0
_TRIES = 2
_RECEIVED = 256 * 1024
_PASSED_ON = ("PATH", "LANG", "LC_", "LD_", "PYTHON")

Answer = tuple[int, bytes, bytes]


class NoProcess(Exception):
    """There is none, and it cannot be started now: read the batch here."""


class _Died(Exception):
    """The process is gone and leaves a batch unanswered, which it may have died of when it is `suspect`."""

    def __init__(self, suspect: bool, starved: bool = False) -> None:
        self.suspect = suspect
        self.starved = starved


class BatchProcesses:
    """The processes, from the first batch until `close`; one that dies is followed by another one.

    They work while nobody else wants the processor, but no longer once one has needed `rest_within` seconds so.
    """

    def __init__(self, rest_within: float = AT_REST_WITHIN_S) -> None:
        self._rest_within = rest_within
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._workers: list[_Worker] = []
        self._most = min(MOST_PROCESSES, os.cpu_count() or 1)
        self._not_before = 0.0
        self._no_rest_until = 0.0

    async def read(self, form: Form[Batch], body: Gathered, zipped: bool, limit: int) -> Batch:
        """Return the batch in a body; raises what `form.read` does, Busy, and NoProcess.

        A batch that has lost its process gets another one, but only once when it may have been the cause.
        """
        async with self._turns:
            deaths = 0
            while deaths < _TRIES:
                worker = self._running()
                try:
                    answer = await worker.ask(ASKED.pack(form.number, zipped, limit, body.size), body.descriptor())
                except _Died as died:
                    deaths += died.suspect
                    if died.starved:
                        self._expect_no_rest()
                    if not worker.greeted:
                        self._put_off("it ended before it was ready")
                        raise NoProcess from None
                else:
                    return result_of(form, *answer)
            raise Busy("The batch could not be read; please retry")

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.end()

    def _running(self) -> "_Worker":
        """Return the process with the least to do; raises NoProcess."""
        self._workers = [worker for worker in self._workers if not worker.ended]
        least = min(self._workers, key=lambda worker: worker.asked, default=None)
        if least is not None and (least.asked < _BUSY or len(self._workers) >= self._most or self._is_put_off()):
            return least
        if self._is_put_off():
            raise NoProcess
        try:
            rests = asyncio.get_running_loop().time() >= self._no_rest_until
            least = _Worker(self._rest_within if rests else None)
        except OSError as error:
            self._put_off(str(error))
            raise NoProcess from None
        self._workers.append(least)
        return least

    def _is_put_off(self) -> bool:
        return asyncio.get_running_loop().time() < self._not_before

    def _put_off(self, reason: str) -> None:
        log.error("large batches are read in the daemon itself: no process for them could be started: %s", reason)
        self._not_before = asyncio.get_running_loop().time() + TRY_AGAIN_AFTER_S

    def _expect_no_rest(self) -> None:
        log.warning("this machine is never at rest: large batches are read beside all else for %.0f s", NO_REST_FOR_S)
        self._no_rest_until = asyncio.get_running_loop().time() + NO_REST_FOR_S


class _Worker:
    """One process, and the batches it has not answered yet."""

    def __init__(self, rest_within: float | None) -> None:
        self._rest_within = rest_within
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[asyncio.Future[Answer]] = deque()
        self._received = bytearray()
        self.greeted = self.ended = False
        self.asked = 0
        self._socket, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = _started(theirs, [] if rest_within is None else [AT_REST_ONLY])
            except BaseException:
                self._socket.close()
                raise
        self._socket.setblocking(False)
        self._loop.add_reader(self._socket, self._readable)

    async def ask(self, header: bytes, body: int) -> Answer:
        """Have a body read; raises _Died."""
        self.asked += 1
        try:
            return await self._ask(header, body)
        finally:
            self.asked -= 1

    async def _ask(self, header: bytes, body: int) -> Answer:
        try:
            # The socket holds far more headers than batches are under way.
            socket.send_fds(self._socket, [header], [body])
        except OSError:
            self.end()
            raise _Died(suspect=False) from None
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._waiting.append(answer)
        try:
            within = self._rest_within or ANSWERED_WITHIN_S
            async with asyncio.timeout(within if self.greeted else STARTED_WITHIN_S + within):
                return await answer
        except TimeoutError:
            self.end()
            starved = self._rest_within is not None and self.greeted
            raise _Died(suspect=not starved, starved=starved) from None

    def end(self) -> None:
        """End the process, and tell those who wait for it."""
        if self.ended:
            return
        self.ended = True
        self._loop.remove_reader(self._socket)
        self._socket.close()
        code = self._process.poll()
        self._process.kill()
        self._process.wait()
        if self._waiting:
            log.warning(
                "the process that reads large batches is replaced: exit %s", "unknown" if code is None else code
            )
        for number, answer in enumerate(self._waiting):
            if not answer.done():
                answer.set_exception(_Died(suspect=number == 0))

    def _readable(self) -> None:
        try:
            data = self._socket.recv(_RECEIVED)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.end()
            return
        if not self.greeted:
            self.greeted, data = True, data.removeprefix(HELLO)
        self._received += data
        while (answer := self._next()) is not None:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(answer)

    def _next(self) -> Answer | None:
        received = self._received
        if len(received) < ANSWERED.size:
            return None
        was_taken, said, body = ANSWERED.unpack_from(received)
        middle, end = ANSWERED.size + said, ANSWERED.size + said + body
        if len(received) < end:
            return None
        answer = was_taken, bytes(received[ANSWERED.size : middle]), bytes(received[middle:end])
        del received[:end]
        return answer


def _started(connection: socket.socket, arguments: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "seestackd.web.batch_worker", *arguments],
        stdin=connection.fileno(),
        stdout=subprocess.DEVNULL,
        env=_environment(os.environ),
        cwd="/",
    )


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return what Python needs to find itself, and this package: ours may hold secrets."""
    passed_on = {name: value for name, value in ours.items() if name.startswith(_PASSED_ON)}
    found_at = [str(Path(seestackd.__file__).parents[1]), *filter(None, [ours.get("PYTHONPATH")])]
    # Looking for plug-ins takes longer than all other imports.
    return {**passed_on, "PYTHONPATH": os.pathsep.join(found_at), "PYDANTIC_DISABLE_PLUGINS": "1"}
