"""A letter as plain text or HTML (ux.md 4)."""

from html import escape

from seestackd.delivery.letters import Letter, Tone

MAX_BODY = 10_000
LABEL_WIDTH = 10
# Beside the word of the state, never instead of it.
_BORDERS = {Tone.FAILURE: "#be123c", Tone.WARNING: "#a16207", Tone.SUCCESS: "#0f766e", Tone.INFO: "#57606a"}


def as_text(said: Letter, alert_id: str) -> str:
    """Write a letter in plain text; output that is too long loses its first lines."""
    width = max([LABEL_WIDTH, *(len(label) + 2 for label, _ in said.rows)])
    head = [said.lead, *_table(said), *(f"{label + ':':<{width}}{value}" for label, value in said.rows)]
    # A retried message may arrive twice: its short name shows that both are one.
    foot = ["   ".join([*(f"{label} {url}" for label, url in said.links), f"Alert {alert_id[-8:]}"])]
    kept = _kept(said, MAX_BODY - sum(len(line) + 1 for line in (*head, *foot)))
    output = [_output_label(said, kept), *(f"    {line}" for line in kept)] if kept else []
    return "\n".join([*head, *output, *foot])


def _table(said: Letter) -> list[str]:
    columns = max((len(cells) for cells in said.table), default=0)
    full = [(*cells, *[""] * (columns - len(cells))) for cells in said.table]
    widths = [max(len(cells[column]) for cells in full) for column in range(columns)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in full]


def _kept(said: Letter, room: int) -> list[str]:
    """Return the last lines of output that fit into `room` characters."""
    kept: list[str] = []
    for line in reversed(said.output):
        room -= len(line) + 5
        if room < 100:
            break
        kept.insert(0, line)
    return kept


def _output_label(said: Letter, kept: list[str]) -> str:
    return f"Last {len(kept)} of {said.output_lines} output lines:" if said.output_lines > len(kept) else "Output:"


def as_html(said: Letter, alert_id: str) -> str:
    """Write a letter in HTML for mail: inline styles, no pictures, every address visible.

    One paragraph per row, no table, so that the plain text which mail programs derive from it stays readable.
    """
    lines = [_paragraph(escape(line)) for line in said.lead.splitlines()]
    lines += [_paragraph(" · ".join(escape(cell) for cell in cells if cell)) for cells in said.table]
    lines += [_paragraph(f"<b>{escape(label)}:</b> {escape(value)}") for label, value in said.rows]
    kept = _kept(said, MAX_BODY)
    if kept:
        lines += [_paragraph(f"<b>{_output_label(said, kept)}</b>"), f"<pre>{escape(chr(10).join(kept))}</pre>"]
    lines += [_paragraph(f'{label}: <a href="{escape(url)}">{escape(url)}</a>') for label, url in said.links]
    lines.append(f'<p style="color:#57606a">Alert {alert_id[-8:]}</p>')
    frame = f"border-left:4px solid {_BORDERS[said.tone]};padding-left:12px;font-family:sans-serif"
    headline = f"<h2>{escape(said.title)}</h2>"
    return f'<div style="{frame}">\n{headline}\n' + "\n".join(lines) + "\n</div>"


def _paragraph(inner: str) -> str:
    return f'<p style="margin:4px 0">{inner}</p>'
