"""GET /metrics: figures for Prometheus, in its text format 0.0.4."""

import ipaddress
import platform
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate

from aiohttp import web

from seestackd import __version__
from seestackd.clock import Clock
from seestackd.errors import SeestackdError
from seestackd.operations.metrics import DURATION_BOUNDS_MS, LATENESS_BOUNDS_MS, Tally, figures
from seestackd.runner import Runner
from seestackd.store.figures import Figures
from seestackd.web.auth import KeyTable
from seestackd.web.complaints import Complaints
from seestackd.web.errors import Answers, Refusal, answer, of_error

FRESH_S = 2.0
_HEADERS = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Cache-Control": "no-store"}
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")

Sample = tuple[str, Mapping[str, str], float]


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the last reload was applied and when that was; whether backups succeed and when the newest was taken.

    Instants in ms UTC. `ballast` says whether the room for a full disk is still kept.
    """

    config_ok: bool = True
    config_at: int | None = None
    backup_ok: bool = True
    backup_at: int | None = None
    ballast: bool = True


class Metrics:
    """Answers programs on this machine, and others with a key of scope read or admin.

    However often it is asked, the store is asked at most every 2 s.
    """

    def __init__(
        self,
        runner: Runner,
        keys: KeyTable,
        answers: Answers,
        clock: Clock,
        standing: Callable[[], Standing],
        complaints: Complaints,
    ) -> None:
        self._standing = standing
        self._runner = runner
        self._keys = keys
        self._answers = answers
        self._clock = clock
        self._complaints = complaints
        self._tally = Tally()
        runner.watch(self._tally.note)
        self._found: Figures | None = None
        self._found_at = 0.0

    async def metrics(self, request: web.Request) -> web.Response:
        """Answer with every figure, or 401, 403 or 503."""
        try:
            if not _is_local(request):
                await self._keys.manager(request, request.remote)
            found = await self._figures()
        except Refusal as refusal:
            return self._answers.error(refusal)
        except SeestackdError as error:
            return self._answers.error(of_error(error))
        return answer(200, self._text(found).encode(), _HEADERS)

    async def _figures(self) -> Figures:
        now = self._clock.monotonic()
        if self._found is None or now - self._found_at >= FRESH_S:
            self._found = await self._runner.read(figures, None)
            self._found_at = now
        return self._found

    def _text(self, found: Figures) -> str:
        return "".join(
            (
                *_counters(self._tally),
                *self._process(),
                *_configured(self._standing()),
                *_standing(found, self._clock.now()),
            )
        )

    def _process(self) -> Iterable[str]:
        runner, versions = self._runner, {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
        failing = float(runner.failing_since is not None)
        yield _gauge("build_info", "Versions; always 1", [({"version": __version__, **versions}, 1)])
        yield _gauge("commits_failing", "1 while the database takes nothing", [({}, failing)])
        yield _gauge("writer_queue", "Operations that wait for the writer", [({}, runner.queued)])
        yield _family(
            "commits_failed_total", "counter", "Batches that could not be stored", [("", {}, runner.failed_batches)]
        )
        refused: list[Sample] = [("", {"reason": why}, n) for why, n in sorted(self._complaints.counts.items())]
        yield _family("refused_total", "counter", "Requests and connections refused, by status or reason", refused)


def _counters(tally: Tally) -> Iterable[str]:
    pings = [("", {"kind": kind, "door": door}, n) for (kind, door), n in sorted(tally.pings.items())]
    yield _family("pings_total", "counter", "Pings stored, by kind and by where they came in", pings)
    sent = [("", {"channel": name, "result": how}, n) for (name, how), n in sorted(tally.deliveries.items())]
    yield _family("deliveries_total", "counter", "Attempts to send an alert, by channel and result", sent)
    evicted: list[Sample] = [("", {"kind": kind}, n) for kind, n in sorted(tally.evicted.items())]
    yield _family("evicted_total", "counter", "Rows deleted since a project stored too much, by kind", evicted)
    bounds = [*(f"{bound / 1000:g}" for bound in LATENESS_BOUNDS_MS), "+Inf"]
    judged: list[Sample] = [
        ("_bucket", {"le": bound}, n) for bound, n in zip(bounds, accumulate(tally.judged), strict=True)
    ]
    judged += [("_sum", {}, tally.lateness_ms / 1000), ("_count", {}, sum(tally.judged))]
    yield _family("judging_lateness_seconds", "histogram", "How long after its deadline a monitor was judged", judged)
    yield _family("run_duration_seconds", "histogram", "How long runs took, by how they ended", _durations(tally))


def _durations(tally: Tally) -> Iterable[Sample]:
    bounds = [*(f"{bound / 1000:g}" for bound in DURATION_BOUNDS_MS), "+Inf"]
    for result, counts in tally.durations.items():
        said = {"result": result}
        yield from (("_bucket", {**said, "le": le}, n) for le, n in zip(bounds, accumulate(counts), strict=True))
        yield from [("_sum", said, tally.durations_ms[result] / 1000), ("_count", said, sum(counts))]


def _configured(standing: Standing) -> Iterable[str]:
    yield _gauge("config_ok", "0 after a reload that was refused", [({}, float(standing.config_ok))])
    yield _gauge("config_applied_seconds", "When the configuration in force was applied", _instant(standing.config_at))
    yield _gauge("backup_ok", "0 when the last scheduled backup failed", [({}, float(standing.backup_ok))])
    yield _gauge("backup_newest_seconds", "When the newest scheduled backup was taken", _instant(standing.backup_at))
    yield _gauge("ballast", "0 when the room kept for a full disk was given up", [({}, float(standing.ballast))])


def _instant(at: int | None) -> list[tuple[Mapping[str, str], float]]:
    return [] if at is None else [({}, at / 1000)]


def _standing(found: Figures, now: int) -> Iterable[str]:
    oldest = 0 if found.waiting_since is None else max(0, now - found.waiting_since)
    yield _gauge("monitors", "Monitors that are not archived, by status", _by("status", found.monitors))
    yield _gauge("incidents_open", "Open incidents, by kind", _by("kind", found.incidents))
    yield _gauge("outbox_pending", "Alerts that wait to be sent, by channel", _by("channel", found.pending))
    yield _gauge("outbox_oldest_seconds", "How long the oldest of them has waited", [({}, oldest / 1000)])
    yield _gauge("outbox_dead", "Alerts given up that nobody has acknowledged", [({}, found.dead)])
    yield _gauge("blind_seconds", "Time in the last 24 hours not heard", [({}, found.blind_ms / 1000)])
    yield _gauge("database_bytes", "Size of the database, without its log", [({}, found.size)])


def _by(label: str, counts: Mapping[str, int]) -> list[tuple[Mapping[str, str], float]]:
    return [({label: name}, count) for name, count in sorted(counts.items())]


def _gauge(name: str, says: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> str:
    return _family(name, "gauge", says, [("", labels, value) for labels, value in samples])


def _family(name: str, kind: str, says: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP seestackd_{name} {says}.\n", f"# TYPE seestackd_{name} {kind}\n"]
    for suffix, labels, value in samples:
        named = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        lines.append(f"seestackd_{name}{suffix}{f'{{{named}}}' if named else ''} {value:.15g}\n")
    return "".join(lines)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _is_local(request: web.Request) -> bool:
    """Tell whether a program on this machine asks for itself, and not a proxy for somebody else."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(request.remote or "")
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
