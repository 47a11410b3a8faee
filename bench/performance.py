"""Writes docs/performance.md with its chart and the figures behind it."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from bench.fleet import ROOT

DOCS = ROOT / "docs"
_WIDTH, _LEFT, _ROW = 720, 190, 26
_TEXT = """# Performance

What `make bench` measured; written by `python -m bench.heartbeats --write`. Ratios are medians of three rounds of
one run and are what counts: absolute figures belong to the machine, and to what else it did meanwhile. Where its load
average was above its number of cores, others had most of it: measure anew.

Machine: {machine}.

Everything, wrk too, on the same machine over loopback; 1,000 monitors; `synchronous=FULL`, so each report is on disk
before it is answered.

| Ratio | |
|---|---|
{ratios}

![Requests per second at 64 clients](images/performance.svg)

| | | Clients | Requests/s | p50 ms | p99 ms | CPU us | RSS MB |
|---|---|---|---|---|---|---|---|
{rows}

SQLite alone, 64 rows a commit: {commits:,.0f} rows/s. aiohttp and nginx answer a constant and keep nothing, Pushgateway
keeps its metrics in memory. Healthchecks is not installed by this bench.

| Command | What it shows |
|---|---|
| `make bench` | all of the above, pages, lateness, storms |
| `python -m bench.heartbeats --quick` | the ratios within a minute |
| `python -m bench.scale` | 100,000 and 1,000,000 monitors: start, memory, rate, alerts on time, all missed at once |
| `python -m bench.overload` | twice the clients that can be served; with `slow`, a disk that takes 200 ms to sync |
| `python -m bench.idle` | processor time and bytes written of a daemon that nobody uses |
| `make bench-requests` | batches of HTTP requests |
"""


def write(result: Mapping[str, Any]) -> None:
    """Write the page, its chart and the figures as JSON."""
    (DOCS / "performance.json").write_text(json.dumps(result, indent=1) + "\n")
    (DOCS / "images" / "performance.svg").write_text(chart(result))
    ratios = "\n".join(f"| {what} | {ratio:.2f} |" for what, ratio in result["ratios"].items())
    rows = "\n".join(
        f"| {row['name']} | {'keep-alive' if row['keep_alive'] else 'close'} | {row['clients']} | {row['rate']:,.0f} |"
        f" {row['p50_ms']:.1f} | {row['p99_ms']:.1f} | {row['cpu_us']:.0f} | {row['rss_mb']:.0f} |"
        for row in result["figures"]
    )
    page = _TEXT.format(machine=result["machine"], ratios=ratios, rows=rows, commits=result["group_commit"])
    (DOCS / "performance.md").write_text(page)


def chart(result: Mapping[str, Any]) -> str:
    """Return bars of requests per second at 64 clients; nginx is cut off, it would dwarf the others."""
    rows = [row for row in result["figures"] if row["clients"] == 64 and not row["name"].startswith("nginx")]
    most = max(row["rate"] for row in rows)
    bars = []
    for number, row in enumerate(rows):
        top, width = number * _ROW + 8, (_WIDTH - _LEFT - 80) * row["rate"] / most
        ours = row["name"] in ("heartbeat", "ping URL")
        label = escape(f"{row['name']}, {'keep-alive' if row['keep_alive'] else 'close'}")
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
