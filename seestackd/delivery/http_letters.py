"""What alerts of rules on HTTP requests say."""

from dataclasses import replace

from seestackd.core.incidents import AlertKind
from seestackd.delivery.letters import MAX_NAME, Case, Letter, Rows, Tone, about_job
from seestackd.delivery.wording import counted, foreign, near, span, took


def error_rate(case: Case) -> Letter:
    facts = case.facts
    rate, requests = facts.get("rate") or 0, facts.get("requests") or 0
    rows: Rows = [
        ("Errors", f"{facts.get('errors') or 0:,} of {counted(requests, 'request')} in {_window(case)}"),
        ("Threshold", f"{facts.get('threshold') or 0:g} % (status code 400 or more)"),
    ]
    return about_job(case, "ERRORS", f"{rate:g} %", f"counts {rate:g} % of the requests as errors.", rows)


def slow_endpoint(case: Case) -> Letter:
    facts = case.facts
    slow = facts.get("slow") or ()
    count = facts.get("count") or len(slow)
    table = tuple(
        (
            foreign(each.get("name"), MAX_NAME),
            f"p95 {took(each.get('p95') or 0)}",
            counted(each.get("requests") or 0, "request"),
        )
        for each in slow
    )
    rows: Rows = [("Threshold", f"p95 above {took(facts.get('threshold') or 0)} in {_window(case)}")]
    what = f"p95 {took(slow[0].get('p95') or 0)}" if slow else "slow"
    said = about_job(case, "SLOW", what, f"found {counted(count, 'slow endpoint')}.", rows, Tone.WARNING)
    return replace(said, table=table, total=count)


def outbound_down(case: Case) -> Letter:
    facts = case.facts
    down = list(facts.get("down") or ())
    count = facts.get("count") or len(down)
    table = tuple((foreign(each.get("host"), MAX_NAME), _answered(each.get("status_code"))) for each in down)
    wanted = facts.get("consecutive") or 3
    rows: Rows = [("Failed", f"the last {counted(wanted, 'call')} in a row: 5xx or no answer at all")]
    what = f"{foreign(down[0].get('host'), MAX_NAME)} fails" if len(down) == 1 else f"{counted(count, 'host')} fail"
    return replace(about_job(case, "DOWN", what, f"found that {what}.", rows), table=table, total=count)


def requests_of(case: Case) -> Rows:
    """Say what HTTP requests a job's run made, as far as they are known; nothing of a run without a trace."""
    said = case.facts.get("requests")
    if said is None:
        return []
    count = said.get("count") or 0
    if not count:
        return [("Requests", "none with the trace of this run has arrived so far")]
    slowest, error = said.get("slowest") or {}, said.get("first_error")
    many = f"the first {count:,} requests" if said.get("more") else counted(count, "HTTP request")
    host = f"; slowest {foreign(slowest.get('host'), MAX_NAME)} ({took(slowest.get('duration_ms') or 0)})"
    rows: Rows = [("Requests", f"{many}, {said.get('failed') or 0:,} failed{host}")]
    if error:
        when = near(error["at"], case.where, case.now)
        ended = f"answered {error['status_code']}" if error.get("status_code") else "got no answer"
        what = foreign(error.get("what"), 200)
        rows.append(("1st error", f"{what} {ended} after {took(error.get('duration_ms') or 0)}, {when}"))
    return rows


def _window(case: Case) -> str:
    return span(case.facts.get("window_ms") or 0)


def _answered(status: object) -> str:
    return f"last answer {status}" if status else "no answer"


HTTP_LETTERS = {
    AlertKind.HTTP_ERROR_RATE: error_rate,
    AlertKind.HTTP_SLOW_ENDPOINT: slow_endpoint,
    AlertKind.HTTP_OUTBOUND_DOWN: outbound_down,
}
