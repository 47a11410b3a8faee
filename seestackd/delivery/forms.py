"""A letter as plain text, Markdown or HTML (ux.md 4), within the room that a service has."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import StrEnum
from html import escape

from seestackd.delivery.letters import Letter, Tone
from seestackd.delivery.wording import plain, shown

MAX_BODY = 10_000
LABEL_WIDTH = 10
SHORT_VALUE = 120
SHORT_ID = 8
# Beside the word of the state, never instead of it.
_BORDERS = {Tone.FAILURE: "#be123c", Tone.WARNING: "#a16207", Tone.SUCCESS: "#0f766e", Tone.INFO: "#57606a"}


class Form(StrEnum):
    """What a service shows: text as it is, Markdown as chats know it, or HTML."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"


def written(said: Letter, alert_id: str, form: Form, room: int = MAX_BODY) -> str:
    """Write a letter in a form, in at most `room` characters.

    What is too long loses the first lines of the job's output, then jobs at the end of a list, then rows; it says so.
    """
    write = _WRITERS[form]
    body = ""
    for shorter in _ever_shorter(said):
        body = write(shorter, alert_id)
        if len(body) <= room:
            return body
    # HTML cut anywhere is no HTML any more.
    body = body if form is not Form.HTML else escape(_as_text(replace(said, rows=(), links=(), table=()), alert_id))
    return body if len(body) <= room else body[: max(0, room - 1)] + "…"


def _ever_shorter(said: Letter) -> Iterator[Letter]:
    yield said
    for count in range(1, len(said.output) + 1):
        yield replace(said, output=said.output[count:])
    said = replace(said, output=(), rows=_shortened(said))
    yield said
    for count in range(len(said.table) - 1, -1, -1):
        yield replace(said, table=said.table[:count])
    said = replace(said, table=())
    for count in range(len(said.rows) - 1, -1, -1):
        yield replace(said, rows=said.rows[:count])
    yield replace(said, rows=(), links=said.links[:1], output_lines=0)
    yield replace(said, rows=(), links=(), output_lines=0)


def _shortened(said: Letter) -> tuple[tuple[str, str], ...]:
    long = [plain(value) if len(value) > SHORT_VALUE else value for _, value in said.rows]
    cut = [value if len(value) <= SHORT_VALUE else value[: SHORT_VALUE - 1] + "…" for value in long]
    return tuple((label, value) for (label, _), value in zip(said.rows, cut, strict=True))


def _as_text(said: Letter, alert_id: str) -> str:
    width = max([LABEL_WIDTH, *(len(label) + 2 for label, _ in said.rows)])
    head = [said.lead, *_table(said), *_more(said), *(f"{label + ':':<{width}}{value}" for label, value in said.rows)]
    output = [*_output_label(said), *(f"    {line}" for line in said.output)]
    # A retried message may arrive twice: its short name shows that both are one.
    foot = ["   ".join([*(f"{label} {url}" for label, url in said.links), f"Alert {alert_id[-SHORT_ID:]}"])]
    return "\n".join(plain(line) for line in [*head, *output, *foot])


def _table(said: Letter) -> list[str]:
    columns = max((len(cells) for cells in said.table), default=0)
    full = [tuple(plain(cell) for cell in (*cells, *[""] * (columns - len(cells)))) for cells in said.table]
    widths = [max(len(cells[column]) for cells in full) for column in range(columns)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in full]


def _more(said: Letter) -> list[str]:
    left = said.total - len(said.table)
    if left <= 0:
        return []
    return [f"... and {left:,} more" if said.table else f"{left:,} of them, too many to name here"]


def _output_label(said: Letter) -> list[str]:
    kept = len(said.output)
    if not said.output_lines:
        return []
    if not kept:
        return [f"Output: {said.output_lines} lines, too long for this service"]
    return [f"Last {kept} of {said.output_lines} output lines:" if said.output_lines > kept else "Output:"]


def _as_markdown(said: Letter, alert_id: str) -> str:
    """A list, links and a fence; what others wrote is inline code, which no chat takes for markup."""
    word, _, rest = said.title.partition(" ")
    lines = [f"**{word}** {rest}" if word.isupper() else f"**{plain(said.title)}**", said.lead]
    lines += [f"- {' · '.join([f'**{cells[0]}** {cells[1]}', *filter(None, cells[2:])])}" for cells in said.table]
    lines += [f"- {line}" for line in _more(said)]
    lines += [f"- **{label}** {value}" for label, value in said.rows]
    lines = [shown(line, _code) for line in lines]
    lines += _output_label(said)
    if said.output:
        lines += ["```", *(_defused(line) for line in said.output), "```"]
    links = [f"[{label}]({url})" for label, url in said.links]
    return "\n".join([*lines, " · ".join([*links, f"Alert {alert_id[-SHORT_ID:]}"])])


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`" if text.strip() else ""


def _defused(line: str) -> str:
    return line.replace("```", "'''")


def _as_html(said: Letter, alert_id: str) -> str:
    """Inline styles, no pictures, every address visible.

    One paragraph per row, no table, so that the plain text which mail programs derive from it stays readable.
    """
    lines = [_paragraph(escape(line)) for line in said.lead.splitlines()]
    lines += [_paragraph(" · ".join(escape(cell) for cell in cells if cell)) for cells in said.table]
    lines += [_paragraph(line) for line in _more(said)]
    lines += [_paragraph(f"<b>{escape(label)}:</b> {escape(value)}") for label, value in said.rows]
    lines += [_paragraph(f"<b>{line}</b>") for line in _output_label(said)]
    if said.output:
        lines.append(f"<pre>{escape(chr(10).join(said.output))}</pre>")
    lines += [_paragraph(f'{label}: <a href="{escape(url)}">{escape(url)}</a>') for label, url in said.links]
    lines.append(f'<p style="color:#57606a">Alert {alert_id[-SHORT_ID:]}</p>')
    frame = f"border-left:4px solid {_BORDERS[said.tone]};padding-left:12px;font-family:sans-serif"
    headline = f"<h2>{escape(said.title)}</h2>"
    return plain(f'<div style="{frame}">\n{headline}\n' + "\n".join(lines) + "\n</div>")


def _paragraph(inner: str) -> str:
    return f'<p style="margin:4px 0">{inner}</p>'


_WRITERS: dict[Form, Callable[[Letter, str], str]] = {
    Form.TEXT: _as_text,
    Form.MARKDOWN: _as_markdown,
    Form.HTML: _as_html,
}
