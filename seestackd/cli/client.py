"""Has a verb done: by the daemon over its unix socket, or in process under the database lock when none runs."""

import contextlib
import http.client
import json
import socket
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seestackd.cli.failures import Exit, Failure

ANSWER_WITHIN_S = 30.0
DAEMON_COMES_WITHIN_S = 10.0
_PAUSE_S = 0.1
_RESULT = b'{"result": '


def settings_for(options: Namespace) -> Any:
    """Load the settings that --config and --data mean. Raises BadSettings."""
    from seestackd.settings import load

    return load(options.config, data=options.data, credentials=False)


def ask(options: Namespace, verb: str, **arguments: Any) -> Any:
    """Have a verb done and return its result. Raises SeestackdError as the verb does, Failure, BadSettings."""
    return _asked(options, verb, arguments, text=False)


def ask_text(options: Namespace, verb: str, **arguments: Any) -> str:
    """Do what `ask` does, and return the JSON of a long result as it came: to read and write it again takes longer."""
    text: str = _asked(options, verb, arguments, text=True)
    return text


def ask_steps(options: Namespace, verb: str, **arguments: Any) -> Iterator[Any]:
    """Have a verb done until its result has no `more`, and give each result. Raises what `ask` raises."""
    settings = settings_for(options)
    more = True
    with contextlib.suppress(NoDaemon):
        while more:
            result = _over_socket(settings.socket_path, verb, arguments)
            yield result
            more = result["more"]
        return
    from seestackd.cli.in_process import Locked, steps_in_process

    try:
        yield from steps_in_process(settings, verb, arguments)
    except Locked as error:
        raise Failure(
            f"{error}, and nobody answers; is the daemon just starting? Try again", Exit.UNREACHABLE
        ) from None


def _asked(options: Namespace, verb: str, arguments: dict[str, Any], *, text: bool) -> Any:
    from seestackd.settings.socket import socket_of

    path = socket_of(options.config, options.data)
    if path is not None:
        with contextlib.suppress(NoDaemon):
            return _over_socket(path, verb, arguments, text=text)
    return _ask_patiently(settings_for(options), verb, arguments, text)


def _ask_patiently(settings: Any, verb: str, arguments: dict[str, Any], text: bool) -> Any:
    path: Path = settings.socket_path
    held: Exception | None = None
    for _ in range(1 + int(DAEMON_COMES_WITHIN_S / _PAUSE_S)):
        if held is not None:
            time.sleep(_PAUSE_S)
        try:
            return _over_socket(path, verb, arguments, text=text)
        except NoDaemon:
            pass
        from seestackd.cli.in_process import Locked, run_in_process

        try:
            return run_in_process(settings, verb, arguments, text=text)
        except Locked as error:
            # A daemon that starts or stops, or another command: either way it is over soon.
            held = error
    raise Failure(f"{held}, and nobody answers on {path}; is the daemon stuck? See its log", Exit.UNREACHABLE)


def ask_daemon(options: Namespace, verb: str, **arguments: Any) -> Any:
    """Have something done that only a running daemon can do. Raises NoDaemon, and what `ask` raises."""
    return _over_socket(settings_for(options).socket_path, verb, arguments)


def daemon_runs(options: Namespace) -> bool:
    """Whether a daemon answers on the socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(settings_for(options).socket_path))
        except OSError:
            return False
    return True


class NoDaemon(Exception):
    """Nobody listens on the socket."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=ANSWER_WITHIN_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _over_socket(path: Path, verb: str, arguments: dict[str, Any], *, text: bool = False) -> Any:
    connection = _Connection(path)
    try:
        connection.connect()
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        connection.close()
        raise NoDaemon from None
    except PermissionError:
        raise Failure(f"you may not talk to the daemon on {path}; run as root (sudo) or as its user") from None
    try:
        connection.request("POST", f"/cli/{verb}", json.dumps(arguments), {"Content-Type": "application/json"})
        body = connection.getresponse().read()
        if text and body.startswith(_RESULT):
            return body[len(_RESULT) : -1].decode()
        answer = json.loads(body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise Failure(
            f"the daemon on {path} broke off ({reason}); see its log, then try again", Exit.UNREACHABLE
        ) from None
    finally:
        connection.close()
    if "error" in answer:
        raise _raised(answer)
    return answer["result"]


def _raised(answer: dict[str, Any]) -> Exception:
    from seestackd.errors import Busy, Conflict, Forbidden, Invalid, NotFound, SeestackdError
    from seestackd.settings import BadSettings

    if answer["error"] == "bad_settings":
        return BadSettings(answer["message"].split("\n"))
    kinds = {"invalid": Invalid, "not_found": NotFound, "conflict": Conflict, "forbidden": Forbidden}
    if answer["error"] == "busy":
        return Busy(answer["message"])
    return kinds.get(answer["error"], SeestackdError)(answer["message"], field=answer.get("field"))
