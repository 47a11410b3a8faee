"""Writes docs/performance.md with its chart, and the figures behind it as JSON, from what was measured last.

`python -m bench.performance`, or `make bench-page`.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from bench import results
from bench.fleet import ROOT
from bench.heartbeats import HEARTBEAT, MANY, NGINX, PING_URL

DOCS = ROOT / "docs"
_WIDTH, _LEFT, _ROW = 720, 240, 26
_TEXT = """# Performance

What `make bench-all` measured; written by `make bench-page`. Ratios are medians of the rounds of one run and are what
counts: absolute figures belong to the machine. "Free" is the share of each core that was free before the measurement,
"Sync" how long the disk took to keep a page. Where one is well below 100 % or the other above a millisecond, others
had the rest: measure anew.

Machine: {machine}.

Everything, the load too, runs on it over loopback; each report is synced to the disk before it is answered.

## What is promised

{promised}

## Ratios

Of heartbeats to each reference, {clients} clients, 1,000 monitors.

{ratios}

![Requests per second at {clients} clients](images/performance.svg)

## Heartbeats and ping URLs

{pings}

+- is half of what the fastest round differed from the slowest. Memory is resident memory; of several processes, what
they share counts once. aiohttp and nginx answer a constant and keep nothing, Pushgateway keeps its metrics in memory.
Healthchecks runs as in its docker configuration, with four uwsgi processes on SQLite; it keeps no connection open.
"SQLite alone" appends a row and updates another for each heartbeat, 64 a commit; where it swings widely, others kept
the disk busy, and whatever is durable was slower for it.

## Batches

{batches}

aiohttp reads the same bodies and answers a constant. SQLite alone stores the same rows or blobs, made beforehand, as
many batches a commit as there are clients. Bytes stored are all pages of the database that are in use, indexes and sums
included.

## Pages and queries

10,000 monitors with 10 million runs, a million incidents and alerts, and 10 million HTTP requests, asked for one after
the other. No statement of a page or list walks through a table, which a test sees in SQLite's plans. The monthly
summary adds up every incident of its month.

{queries}

## What stands in the way of the goals

Shares are of the samples in which a thread held the interpreter (`py-spy record --gil`).

- **Heartbeats on kept connections, and the share of aiohttp's constant 202**: the writer, 56 %; the loop, 36 %. The
  writer judges each report, keeps the state and binds the rows, which a constant does without; no function has more
  than 8 %. A constant answer's work alone is half of ours: 90 % would leave a report a tenth of that.
- **One connection per heartbeat**: the loop, 77 %, most of it asyncio's own work for a new connection: making the
  socket and its transport, setting options.
- **Memory of 1,000 monitors**: 67 MB after the start, 42 of which Python, aiohttp, pydantic and RE2 take by themselves.
- **HTTP requests**: the loop, 56 % (bodies, JSON); the writer, 36 %, most of it binding fifteen values a row. SQLite
  alone stores twice as many.
- **Replay**: the processes that read have two thirds of both cores. Of the 3.9 ms that half a megabyte takes, five
  steps of C have a fifth each: validating, looking for what no store takes, masking, writing JSON, zstd.
- **Heartbeats beside batches**: each batch has the writer for 0.3-0.7 ms and the loop for 0.2-0.4 ms, sums have the
  writer for a tenth of the time beside 5,000 requests a second, and threads that wake wait for those that run
  (docs/decisions.md).
- **1,000,000 monitors**: most reports are of a monitor whose state is not among those kept in memory. The writer reads
  and decodes it, and what is expected of it, which is a third of its samples then and nothing among 1,000 monitors.
- **100,000 monitors missed at once**: judging one, its incident and its outbox row take the writer 0.12 ms, in
  transactions between which reports come first.

## Commands

| Command | What it shows |
|---|---|
| `make bench` | heartbeats, ping URLs and batches beside their references; about nine minutes |
| `make bench ARGS=--quick` | the same in short rounds, within two minutes |
| `make bench ARGS="--compare docs/performance.json"` | the same, and what is further than a tenth from that run |
| `make bench HEALTHCHECKS=DIR` | the same beside Healthchecks: a checkout whose `.venv` has uwsgi |
| `make bench-scale` | 100,000 and 1,000,000 monitors: start, memory, rate, alerts on time, all missed at once |
| `make bench-overload` | 16,000 clients at once; disks that take 100 and 200 ms to sync |
| `make bench-idle` | processor time and pages written of a daemon that nobody uses, and its start |
| `make bench-queries` | pages and lists of 10,000 monitors with 10 million runs and requests |
| `make bench-batches` | what heartbeats feel of batches |
| `make bench-requests` | ten million stored requests: what they take, how fast they are asked for and erased |
| `make bench-alerts` | alerts on time, hanging channels, storms, live pages, the `run` wrapper |
| `make bench-all` | all of these, one after the other: about an hour |
| `make bench-page` | writes this page from what was measured last |
"""


def main() -> int:
    kept = results.load()
    if "pings" not in kept:
        print("nothing is measured yet: run `make bench` first", file=sys.stderr)
        return 2
    (DOCS / "performance.json").write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    (DOCS / "images" / "performance.svg").write_text(chart(kept["pings"]["rows"]))
    (DOCS / "performance.md").write_text(page(kept))
    return 0


def page(kept: Mapping[str, Any]) -> str:
    """Return the page in Markdown; a part that was not measured says so."""
    rows = {part: kept.get(part, {}).get("rows", ()) for part in ("ratios", "pings", "batches", "queries")}
    return _TEXT.format(
        machine=kept["machine"],
        clients=MANY,
        promised=_promised(kept.get("figures", {})),
        ratios=_table(("", "Ratio"), ((row["name"], f"{row['ratio']:.2f}") for row in rows["ratios"])),
        pings=_table(
            ("", "Connections", "Clients", "Requests/s", "+-", "p50 ms", "p99 ms", "CPU us", "Memory MB"),
            map(_ping, rows["pings"]),
        ),
        batches=_table(
            (
                "Batches of",
                "",
                "Clients",
                "Items/s",
                "+-",
                "MB/s",
                "Stored per item",
                "Per byte",
                "CPU us",
                "Memory MB",
            ),
            map(_batch, rows["batches"]),
        ),
        queries=_table(
            ("", "p50 ms", "p99 ms", "Worst ms"),
            ((row["name"], *(f"{row[at]:.1f}" for at in ("p50_ms", "p99_ms", "worst_ms"))) for row in rows["queries"]),
        ),
    )


def _promised(figures: Mapping[str, Any]) -> str:
    rows = []
    for name, promise in results.PROMISES.items():
        found = figures.get(name)
        measured = promise.form.format(found["value"]) if found else "not measured"
        said = (promise.verdict(found["value"]), *_quiet(found)) if found else ("", "", "")
        rows.append((promise.what, measured, *promise.limits(), *said, f"`{promise.command}`"))
    return _table(("", "Measured", "Floor", "Goal", "", "Free", "Sync", "Command"), rows)


def _quiet(found: Mapping[str, Any]) -> tuple[str, str]:
    sync_ms = found.get("sync_ms")
    return f"{min(1.0, found['free']):.0%}", "" if sync_ms is None else f"{sync_ms:.2f} ms"


def _ping(row: Mapping[str, Any]) -> Sequence[str]:
    timed = row["p50_ms"] > 0
    return (
        row["name"], "kept" if row["keep_alive"] else "one each", str(row["clients"]), f"{row['rate']:,.0f}",
        f"{row['spread'] / 2:.0%}", f"{row['p50_ms']:.1f}" if timed else "", f"{row['p99_ms']:.1f}" if timed else "",
        f"{row['cpu_us']:.0f}", f"{row['memory_mb']:.0f}" if timed else "",
    )  # fmt: skip


def _batch(row: Mapping[str, Any]) -> Sequence[str]:
    stored = (f"{row['stored']:.0f}", f"{row['stored_per_byte']:.3f}") if row["stored"] else ("", "")
    return (
        row["batches"], row["name"], str(row["clients"]), f"{row['rate']:,.0f}", f"{row['spread'] / 2:.0%}",
        f"{row['mb_s']:,.0f}", *stored, f"{row['cpu_us']:.1f}", f"{row['memory_mb']:.0f}" if row["memory_mb"] else "",
    )  # fmt: skip


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in (head, *rows)]
    lines.insert(1, "|" + "---|" * len(head))
    return "\n".join(lines) if len(lines) > 2 else "Not measured."


def chart(pings: Iterable[Mapping[str, Any]]) -> str:
    """Return bars of requests per second at 64 clients; constants that would dwarf the others are left out."""
    rows = [row for row in pings if row["clients"] == MANY and row["p50_ms"] > 0 and row["name"] != NGINX]
    most = max(row["rate"] for row in rows)
    bars = []
    for number, row in enumerate(rows):
        top, width = number * _ROW + 8, (_WIDTH - _LEFT - 80) * row["rate"] / most
        ours = row["name"] in (HEARTBEAT, PING_URL)
        label = escape(f"{row['name']}, {'keep-alive' if row['keep_alive'] else 'one connection each'}")
        bars.append(
            f'<text x="{_LEFT - 8}" y="{top + 14}" text-anchor="end">{label}</text>'
            f'<rect x="{_LEFT}" y="{top}" width="{width:.0f}" height="18" fill="{"#2563eb" if ours else "#9ca3af"}"/>'
            f'<text x="{_LEFT + width + 6:.0f}" y="{top + 14}">{row["rate"]:,.0f}</text>'
        )
    height = len(rows) * _ROW + 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"'
        ' font-family="sans-serif" font-size="13">\n<title>Requests per second at 64 clients</title>\n'
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>\n' + "\n".join(bars) + "\n</svg>\n"
    )


if __name__ == "__main__":
    sys.exit(main())
