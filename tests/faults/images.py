"""What a disk may hold after a crash, by the system calls of a daemon: unsynced writes come, go, or come torn."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
STRACE = (
    "strace", "-f", "-qq", "-y", "-xx", "-s", "300000",
    "-e", "trace=pwrite64,fsync,fdatasync,ftruncate,unlink,openat,write,sendto",
)  # fmt: skip
_LINE = re.compile(r"^(?:\d+\s+)?(\w+)\((.*)\)\s+= (\S+)")
_PATH = re.compile(r"^\d+<([^>]*)>")
_ACCEPTED = "\\x48\\x54\\x54\\x50\\x2f\\x31\\x2e\\x31\\x20\\x32\\x30\\x32"  # HTTP/1.1 202


@dataclass
class Event:
    """One thing that happened to a file, or an answer of 202."""

    kind: str
    path: str = ""
    at: int = 0
    data: bytes = b""


@dataclass
class File:
    """A file as the disk surely has it, and the writes since its last sync."""

    synced: bytearray = field(default_factory=bytearray)
    pending: list[Event] = field(default_factory=list)

    def sync(self) -> None:
        for event in self.pending:
            apply(self.synced, event)
        self.pending.clear()

    def crashed(self, chance: random.Random) -> bytes:
        """Return what may be left of it: each pending write whole, torn into sectors, or not at all."""
        content = bytearray(self.synced)
        whole, torn = chance.random(), chance.random()
        for event in self.pending:
            if chance.random() < whole:
                apply(content, event)
            elif event.kind == "write" and chance.random() < torn:
                _tear(content, event, chance)
        return bytes(content)


def apply(content: bytearray, event: Event) -> None:
    """Do to the content what the event did to the file."""
    if event.kind == "truncate":
        del content[event.at :]
        content.extend(bytes(event.at - len(content)))
        return
    content.extend(bytes(max(0, event.at + len(event.data) - len(content))))
    content[event.at : event.at + len(event.data)] = event.data


def _tear(content: bytearray, event: Event, chance: random.Random) -> None:
    for start in range(0, len(event.data), SECTOR):
        if chance.random() < 0.5:
            apply(content, Event("write", at=event.at + start, data=event.data[start : start + SECTOR]))


def read_trace(trace: Path, folder: Path) -> list[Event]:
    """Return what happened to the files below `folder`, and the answers, in order."""
    return [event for line in _whole_lines(trace) if (event := _event(line, str(folder))) is not None]


def _whole_lines(trace: Path) -> Iterator[str]:
    """Join calls that strace shows in two halves, at the place of their end."""
    begun: dict[str, str] = {}
    for line in trace.read_text().splitlines():
        thread, _, rest = line.partition(" ")
        rest = rest.strip()
        if rest.endswith("<unfinished ...>"):
            begun[thread] = rest.removesuffix("<unfinished ...>").rstrip()
        elif rest.startswith("<... "):
            yield begun.pop(thread, "") + rest.partition("resumed>")[2]
        else:
            yield rest


def _event(line: str, folder: str) -> Event | None:
    found = _LINE.match(line)
    if found is None or found[3].startswith("-"):
        return None
    call, arguments = found[1], found[2]
    if call in ("write", "sendto"):
        return Event("accepted") if f'"{_ACCEPTED}' in arguments else None
    if call == "unlink":
        path = bytes.fromhex(arguments.strip('"').replace("\\x", "")).decode()
        return Event("unlink", path) if path.startswith(folder) else None
    named = _PATH.match(arguments)
    if named is None:
        return None
    path = _readable(named[1])
    if not path.startswith(folder):
        return None
    if call in ("fsync", "fdatasync"):
        return Event("sync", path)
    rest = arguments[named.end() :].split(", ")
    if call == "ftruncate":
        return Event("truncate", path, int(rest[1]))
    if call == "pwrite64":
        data = bytes.fromhex(rest[1].strip('"').replace("\\x", ""))
        if len(data) != int(rest[2]):
            raise ValueError("strace has cut a write short")
        return Event("write", path, int(rest[3]), data)
    return None


def _readable(path: str) -> str:
    return bytes.fromhex(path.replace("\\x", "")).decode() if path.startswith("\\x") else path


class Replay:
    """The files as they were before the trace, led through its events."""

    def __init__(self, before: dict[str, bytes]) -> None:
        self.files = {path: File(bytearray(content)) for path, content in before.items()}
        self.accepted = 0

    def step(self, event: Event) -> None:
        """Let the event happen."""
        if event.kind == "accepted":
            self.accepted += 1
        elif event.kind == "unlink":
            # A journal that is still there would hide what is lost: names are taken as gone at once.
            self.files.pop(event.path, None)
        elif event.kind == "sync":
            self.files.setdefault(event.path, File()).sync()
        else:
            self.files.setdefault(event.path, File()).pending.append(event)

    def crash(self, folder: Path, chance: random.Random) -> None:
        """Write what may be left to `folder`."""
        for path, file in self.files.items():
            if not path.endswith("-shm"):
                (folder / Path(path).name).write_bytes(file.crashed(chance))
