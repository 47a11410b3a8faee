"""What alerts say that are about seestackd itself or about several jobs (ux.md 4)."""

from typing import Any
from urllib.parse import urlsplit

from seestackd.core.incidents import AlertKind
from seestackd.core.uptime import percent
from seestackd.delivery.letters import MAX_NAME, Case, Letter, Rows, Tone, fitted, late, state_word
from seestackd.delivery.wording import (
    DAY,
    MINUTE,
    age,
    clock,
    counted,
    foreign,
    harmless,
    marked,
    month_name,
    near,
    span,
    stretch,
    zone,
)

MAX_LISTED = 50
NOT_RUNNING = "not running"
_KINDS = {"requests": ("HTTP requests", "Requests"), "replay": ("replays", "Replays")}


def trial(case: Case) -> Letter:
    facts = case.facts
    channel = harmless(facts.get("channel") or "this one", MAX_NAME)
    host = urlsplit(case.public_url).netloc if case.public_url else ""
    on = f" on {host}" if host else ""
    sender = f" by {foreign(facts['sent_by'], MAX_NAME)}" if facts.get("sent_by") else ""
    when = clock(case.now // MINUTE * MINUTE, case.where)
    lead = f"This is a test; nothing is wrong. Channel {marked(channel)}{on}, sent{sender} {when}."
    example = foreign(facts.get("example") or "MISSED nightly-backup: due 03:00 CET", 200)
    title = fitted("TEST from seestackd: channel ", channel, " works")
    return Letter(Tone.INFO, title, f"{lead}\nA real alert looks like: {example}")


def blind(case: Case) -> Letter:
    facts = case.facts
    began, ended = facts.get("started_at") or case.now, facts.get("ended_at") or case.now
    cause = harmless(facts.get("cause") or NOT_RUNNING, 200)
    state = "was offline" if cause == NOT_RUNNING else "could not hear"
    begin = near(began, case.where, ended, zoned=False)
    end = clock(ended, case.where) if ended - began < DAY else near(ended, case.where, began)
    count = facts.get("unknown") or 0
    fell = "1 run fell in that time and is" if count == 1 else f"{count:,} runs fell in that time and are"
    lead = f"{fell} marked unknown, not missed." if count else "No run fell in that time."
    rows: Rows = [("From", f"{stretch(began, ended, case.where)} ({span(ended - began)})")]
    if cause != NOT_RUNNING:
        rows.append(("Cause", marked(cause)))
    slugs = [foreign(slug, MAX_NAME) for slug in facts.get("slugs") or ()]
    if slugs:
        more = f" and {len(slugs) - MAX_LISTED} more" if len(slugs) > MAX_LISTED else ""
        rows.append(("Monitors", ", ".join(slugs[:MAX_LISTED]) + more))
    return Letter(Tone.WARNING if count else Tone.INFO, f"seestackd {state} {begin}-{end}", lead, tuple(rows))


def dead_letter(case: Case) -> Letter:
    facts = case.facts
    channel = harmless(facts.get("channel") or "a channel", MAX_NAME)
    word, name = state_word(facts.get("kind")), case.name if facts.get("slug") or facts.get("name") else ""
    about = f"{word} {name}".strip()
    rows: Rows = [("Alert", f"{word} {marked(name)}".strip()), ("Channel", marked(channel))]
    if facts.get("created_at") is not None:
        rows.append(("Raised", f"{near(facts['created_at'], case.where, case.now)}"))
    rows.append(("Reason", foreign(facts.get("reason") or "not known", 500)))
    number = facts.get("row_id")
    again = f", then send it again: {marked(f'seestackd alert resend {number}')}" if number is not None else ""
    rows.append(("Next", f"mend the channel, try it: {marked('seestackd alert test')}{again}"))
    title = fitted(f"UNDELIVERED to {marked(channel[:24])}: ", about, "")
    return Letter(
        Tone.WARNING,
        title,
        "An alert could not be delivered and was given up.",
        (*rows, *late(case)),
        links=case.links("Undelivered alerts", "/i?alerts=dead"),
    )


def restored(case: Case) -> Letter:
    """Say that a backup was put back: `dropped` holds slug, kind and since of the alerts that it had yet to send."""
    facts = case.facts
    dropped, total = facts.get("dropped") or (), facts.get("total") or 0
    were = (
        "1 alert that it had not sent was dropped" if total == 1 else f"{total:,} alerts it had not sent were dropped"
    )
    lead = f"{were}: what still holds is found again." if total else "It had no alert left to send."
    taken = facts.get("backup_at")
    rows: Rows = [("Backup", f"as of {near(taken, case.where, case.now)}")] if taken is not None else []
    title = "seestackd was restored from a backup"
    if facts.get("damage"):
        title = "seestackd found its database damaged and restored a backup"
        lead = f"What was reported since that backup is not known any more. {lead}"
        rows += [("Damage", foreign(facts["damage"], 200)), ("Kept as", marked(harmless(facts.get("kept") or "", 200)))]
    return Letter(
        tone=Tone.WARNING,
        title=title,
        lead=lead,
        rows=(*rows, *late(case)),
        table=tuple(_still_down(case, one) for one in dropped[:MAX_LISTED]),
        total=total,
    )


def refused(case: Case) -> Letter:
    """Say that the files were not applied: `count` of the `declared` monitors, `slugs` first, would be archived."""
    count, slugs = case.facts.get("count") or 0, case.facts.get("slugs") or ()
    named = [foreign(slug, MAX_NAME) for slug in slugs[:MAX_LISTED]]
    more = f" and {count - len(named)} more" if count > len(named) else ""
    return Letter(
        tone=Tone.WARNING,
        title=f"seestackd not reloaded: {counted(count, 'monitor')} would be archived",
        lead=f"{count} of the {case.facts.get('declared') or count} monitors in the files are gone, which may be"
        " a mistake. All stay watched as before.",
        rows=(
            ("Monitors", ", ".join(named) + more),
            ("Next", f"put them back, or if they are meant to go: {marked('seestackd reload --force')}"),
            *late(case),
        ),
        links=case.links("Monitors", "/"),
    )


def evicted(case: Case) -> Letter:
    """Say what went before its time: `gone` holds kind, rows and limit (bytes); `project` what stores too much."""
    facts = case.facts
    gone = list(facts.get("gone") or ())
    project = foreign(facts.get("name") or facts.get("project") or "a project", MAX_NAME)
    named = " and ".join(_KINDS[each["kind"]][0] for each in gone)
    since = near(facts.get("since") or case.now, case.where, case.now)
    rows: Rows = [
        (
            _KINDS[each["kind"]][1],
            f"{each['rows']:,} deleted since {since}; limit {each['limit'] // 1_000_000:,} MB"
            f" ({marked('retention.max_' + each['kind'] + '_mb')})",
        )
        for each in gone
    ]
    rows.append(("Next", "raise the limit, keep them for a shorter time, or have less sent"))
    return Letter(
        tone=Tone.WARNING,
        title=fitted("TRIMMED ", project, ": oldest data deleted"),
        lead=f"{project} sends more than it may store: its oldest {named} went before their time.",
        rows=(*rows, *late(case)),
        links=case.links("HTTP requests", "/http"),
    )


def reminder(case: Case) -> Letter:
    """List what is still down: `down` holds slug, kind, since, and where known last_ok_at, exit_code and timezone."""
    down = sorted(case.facts.get("down") or (), key=lambda one: one.get("since") or 0)
    oldest = f" after {age(case.now - down[0]['since'])}" if down and down[0].get("since") else ""
    rows: Rows = []
    if case.facts.get("next_at") is not None:
        rows.append(("Next", f"reminder {near(case.facts['next_at'], case.where, case.now)}"))
    links = case.links("Acknowledge or silence", "/i")
    if not links:
        rows.append(("Answer", f"{marked('seestackd incident ls')} shows their numbers for ack and silence"))
    return Letter(
        tone=Tone.FAILURE,
        title=f"Still down{oldest}: {counted(len(down), 'monitor')}",
        lead="These are still down and not acknowledged:",
        rows=(*rows, *late(case)),
        table=tuple(_still_down(case, one) for one in down[:MAX_LISTED]),
        total=len(down),
        links=links,
    )


def report(case: Case) -> Letter:
    """Sum up a month: `lines` are the monitors that were down longest, `tags` the same by tag."""
    facts = case.facts
    month, incidents = str(facts.get("month") or "0001-01"), facts.get("incidents") or 0
    called = f"{month_name(int(month[5:7]))} {month[:4]}"
    up, down_ms = percent(facts.get("share")), facts.get("down_ms") or 0
    down = f"{span(down_ms)} down" if down_ms else "no downtime"
    monitors, troubled = facts.get("monitors") or 0, facts.get("troubled") or 0
    quiet = f"{monitors - troubled:,} of {counted(monitors, 'monitor')} had none"
    rows: Rows = []
    if tags := facts.get("tags"):
        rows.append(("By tag", ", ".join(f"{foreign(one['tag'], MAX_NAME)} {percent(one['share'])}" for one in tags)))
    page = case.link(f"/summary/{month}")
    return Letter(
        tone=Tone.INFO,
        title=f"REPORT {called}: {up} up, {counted(incidents, 'incident')}",
        lead=f"{counted(incidents, 'incident')}, {down} in all, {up} up; {quiet}.",
        rows=(*rows, *late(case)),
        table=tuple(_monthly(one) for one in facts.get("lines") or ()),
        total=troubled,
        links=(("Summary", page),) if page else (),
    )


def _monthly(one: dict[str, Any]) -> tuple[str, ...]:
    down = f"{span(one['down_ms'])} down" if one["down_ms"] else "no downtime"
    return foreign(one["slug"], MAX_NAME), counted(one["incidents"], "incident"), down, f"{percent(one['share'])} up"


def _still_down(case: Case, one: dict[str, object]) -> tuple[str, ...]:
    where = zone(one["timezone"]) if one.get("timezone") else case.where
    since, last, code = one.get("since"), one.get("last_ok_at"), one.get("exit_code")
    cells = [state_word(one.get("kind")), foreign(one.get("slug") or "a monitor", MAX_NAME)]
    cells.append(f"since {near(since, where, case.now)}" if isinstance(since, int) else "")
    if code is not None:
        cells.append(f"exit {code}")
    elif isinstance(last, int):
        cells.append(f"last ok {near(last, where, case.now)}")
    return tuple(cells)


OWN_LETTERS = {
    AlertKind.TEST: trial,
    AlertKind.BLIND: blind,
    AlertKind.DEAD_LETTER: dead_letter,
    AlertKind.RESTORED: restored,
    AlertKind.REFUSED: refused,
    AlertKind.EVICTED: evicted,
    AlertKind.REMINDER: reminder,
    AlertKind.REPORT: report,
}
