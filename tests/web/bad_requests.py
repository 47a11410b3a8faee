"""What no query and no body of the management API may hold: per name, all values that are refused."""

from typing import Any

LONG = "x" * 100_000
HUGE = 10**400
CONTROL: list[Any] = ["a\0b", "a\nb", "\x1b[31mred\x1b[0m", "a\u202eb"]
NO_TEXT: list[Any] = [5, True, [], {}, 1.5]
NO_NUMBER: list[Any] = ["5", True, [], {}, 1.5, -1, HUGE, -HUGE, 1e308, "nan", float("nan"), float("inf")]
NO_FLAG: list[Any] = ["true", 1, 0, [], {}]
NO_LIST: list[Any] = ["a", 5, True, {}, {"0": "a"}]
NO_INSTANT: list[Any] = [
    *NO_TEXT, "", "yesterday", "2030-02-30T00:00:00Z", "2030-01-01", "2030-01-01T25:00:00Z", "0000-00-00T00:00:00Z",
    "a\0b", LONG,
]  # fmt: skip
NAME: list[Any] = [*NO_TEXT, "", "  ", *CONTROL, "x" * 256, LONG]
SLUG: list[Any] = [*NO_TEXT, "", " ", *CONTROL, "Nightly", "a b", "täglich", "../x", "x" * 101, LONG]
UID: list[Any] = [*NO_TEXT, "", "x", "../../etc", "01a21023-8482-7276-8d85", "a\0b", LONG]

BODY: dict[str, list[Any]] = {
    "projectId": UID,
    "name": NAME,
    "slug": SLUG,
    "platform": NAME,
    "title": NAME,
    "by": NAME,
    "environment": [*NO_TEXT, "", " ", "x" * 1001, LONG],
    "schedule": [*NO_TEXT, "", " ", "61 * * * *", "* * * *", "0 0 30 2 *", "every now and then", *CONTROL[:1], LONG],
    "timezone": [*NO_TEXT, "", " ", "Berlin", "UTC+25", "../UTC", "/etc/localtime", *CONTROL, LONG],
    "gracePeriodMin": [*NO_NUMBER, 1441],
    "graceSec": [*NO_NUMBER, 10**9],
    "maxRuntimeSec": [*NO_NUMBER, 0, 10**9],
    "overlap": NO_FLAG,
    "watchFromCreation": NO_FLAG,
    "failuresBeforeAlert": [*NO_NUMBER, 0, 101],
    "successesBeforeRecovery": [*NO_NUMBER, 0, 101],
    "slowFactor": ["2", True, [], {}, 0, 1, -2, 1001, 1e308, HUGE],
    "remindEverySec": [*NO_NUMBER, 0, 59, 10**9],
    "public": NO_FLAG,
    "publicName": NAME,
    "channels": [*NO_LIST, ["opps"], [""], [5], [None], [["a"]], ["x"] * 51, [LONG]],
    "tags": [*NO_LIST, [""], [5], [None], ["two words"], *([each] for each in CONTROL), ["x"] * 51, ["x" * 101]],
    "until": [*NO_INSTANT, "2001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"],
    "startsAt": NO_INSTANT,
    "endsAt": [*NO_INSTANT, "2001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"],
    "durationSec": [*NO_NUMBER, 0, 10**9],
    "monitors": [*NO_LIST, [""], [5], [None], ["x"] * 51, [LONG]],
    "scope": [*NO_TEXT, "", "root", "ADMIN", "a\0b", LONG],
    "triggerType": [*NO_TEXT, "", "job_slept", "JOB_FAILED", "a\0b", LONG],
    "triggerConfig": ["x", 5, True, [], {"thresholdPercent": {}}, {"a": "x" * 501}, {str(n): n for n in range(21)}],
    "severityFilter": [*NO_TEXT, "", "warning", "a\0b", LONG],
    "quietHoursEnabled": NO_FLAG,
    "quietStart": [*NO_TEXT, "", "24:00", "8", "late", "08:00Z", "08:00:00.5", "a\0b", LONG],
    "quietEnd": [*NO_TEXT, "", "24:00", "8", "late", "08:00Z", "08:00:00.5", "a\0b", LONG],
}
RULE_CHANNELS: list[Any] = [
    *NO_LIST, ["slack"], [{}], [{"type": 5}], [{"type": "pigeon"}], [{"type": "slack"}],
    [{"type": "slack", "webhook_url": "http://127.0.0.1/x"}], [{"type": "slack", "webhook_url": "nonsense"}],
    [{"type": "email", "to": "nobody"}], [{"type": "email", "to": "a@b\r\nBcc: c@d"}],
    [{"type": "push", "url": "file:///etc/passwd"}], [{"type": "slack", "webhook_url": LONG}], [{"type": "slack"}] * 11,
]  # fmt: skip
"""The channels of alert rules are objects; those of monitors are names."""

MAY_BE_NULL = {"projectId"}

_PAGE = ["0", "-1", "1.5", "x", "nan", "9" * 400, "9" * 5000, "٣", "1e3", "0x10"]
_SIZE = [value for value in _PAGE if not value.startswith("99")]  # cut to what is allowed
_WHEN = ["yesterday", "5", "2030-02-30T00:00:00Z", "2030-01-01", LONG[:5000], "nan"]
QUERY: dict[str, list[str]] = {
    "projectId": ["x", "../../etc", "01a21023-8482-7276-8d85", "x" * 5000],
    "page": _PAGE,
    "perPage": _SIZE,
    "limit": _SIZE,
    "cursor": [value for value in _PAGE if value != "0"],
    "run": [value for value in _PAGE if value != "0"],
    "minDuration": [value for value in _PAGE if value != "0"],
    "step": _PAGE,
    "from": _WHEN,
    "to": _WHEN,
    "before": _WHEN,
    "status": ["ok", "SUCCESS", "x" * 5000],
    "state": ["closing", "OPEN", "x" * 5000],
    "monitorId": ["x", "x" * 5000],
    "direction": ["sideways", "x" * 5000],
    "hasError": ["yes", "1"],
    # Texts to look for, and what the reference ignores.
    "slug": [], "method": [], "statusGroup": [], "host": [], "path": [], "userId": [], "url": [], "traceId": [],
    "orgId": [],
}  # fmt: skip
NEEDED = {"/http-requests/by-trace": "traceId", "/cron-monitors/{id}/http-requests": "run"}
"""Queries that have to name something."""

RAW: list[tuple[bytes, int]] = [
    (b"", 400),
    (b"{", 400),
    (b"nonsense", 400),
    (b"\0", 400),
    (b"\xff\xfe", 400),
    (b"[]", 400),
    (b'"text"', 400),
    (b"5", 400),
    (b"null", 400),
    (b'{"name": "\\ud800"}', 400),
    (b"[" * 10_000, 400),
    (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400),
]
"""Bodies that no route takes."""

CONFLICTING: dict[str, list[tuple[dict[str, Any], int, str]]] = {
    "POST /cron-monitors": [({"slug": "nightly"}, 409, "")],
    "PUT /cron-monitors/{id}": [({"slug": "another"}, 422, "")],
    "POST /incidents/{id}/silence": [
        ({"durationSec": None}, 422, "until"),
        ({"durationSec": 60, "until": "2030-01-01T00:00:00Z"}, 422, "until"),
    ],
    "POST /maintenance-windows": [
        ({"endsAt": None}, 422, "endsAt"),
        ({"startsAt": None}, 422, "startsAt"),
        ({"startsAt": "2030-03-31T15:00:00Z"}, 422, "endsAt"),
        ({"endsAt": "2031-03-31T15:00:00Z"}, 422, "endsAt"),
        ({"schedule": "0 3 * * *", "durationSec": 60}, 422, "schedule"),
        ({"schedule": "0 3 * * *", "startsAt": None, "endsAt": None}, 422, "durationSec"),
        ({"durationSec": 60}, 422, "durationSec"),
        ({"monitors": ["gone"]}, 422, "monitors"),
    ],
    "POST /projects": [({"slug": "default"}, 409, "")],
    "PUT /projects/{id}": [({"slug": "another"}, 422, "")],
    "POST /alert-rules": [({"quietHoursEnabled": True, "quietStart": "08:00", "quietEnd": "08:00"}, 422, "quietEnd")],
    "PATCH /alert-rules/{id}": [
        ({"quietHoursEnabled": True, "quietStart": "08:00", "quietEnd": "08:00"}, 422, "quietEnd")
    ],
}
