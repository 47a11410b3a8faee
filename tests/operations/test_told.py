"""Incidents with who was told of them, as the pages show them."""

import pytest

from seestackd.core.alerts import Routing
from seestackd.errors import NotFound
from seestackd.operations import told
from seestackd.operations.lanes import ClaimLane, claim_lane
from seestackd.operations.outbox import SettleDelivery, settle_delivery
from seestackd.store.listings import Page
from tests.core.world import t
from tests.operations.place import Place
from tests.rows import rows

ALL = Page(0, 50)


def log(place: Place, at: int, **wanted: str) -> told.IncidentLog:
    found: told.IncidentLog = place.do(told.log, told.ListIncidents(place.project, ALL, **wanted), at)
    return found


def send(place: Place, channel: str, at: int, *, ok: bool) -> None:
    claimed = place.do(claim_lane, ClaimLane(channel, "me", 30_000), at)
    for row in claimed.rows:
        result = SettleDelivery(row.id, "me", 30_000, ok, 400, error="HTTP 404", status=404, hopeless=not ok)
        place.do(settle_delivery, result, at)


@pytest.fixture
def troubled(place: Place) -> Place:
    """Two jobs: one failed and recovered after 20 minutes, told to both channels; the other is down."""
    place.route(Routing(default_channels=("ops", "mail")))
    place.add("backup")
    place.add("dump", channels=("mail",))
    place.failed(t("10:00"))
    send(place, "ops", t("10:01"), ok=True)
    send(place, "mail", t("10:01"), ok=False)
    place.success(t("10:20"))
    place.failed(t("11:00"), "dump")
    return place


def test_it_says_who_was_told_and_who_was_not_and_why(troubled: Place) -> None:
    dump, backup = log(troubled, t("12:00")).lines

    assert [(one.channel, one.state) for one in dump.told] == [("mail", "pending")]
    states = {one.channel: (one.state, one.reason) for one in backup.told}
    assert states["mail"] == ("dead", "given up after 1 attempt: HTTP 404")
    assert states["ops"] == ("pending", None), "its recovery is on its way"


def test_it_counts_and_tells_the_median_time_to_recover(troubled: Place) -> None:
    found = log(troubled, t("12:00"))

    assert (found.total, found.open, found.recent, found.median_ms) == (2, 1, 2, 20 * 60_000)
    assert found.channels == ["mail", "ops"]


def test_what_began_more_than_thirty_days_ago_is_not_recent(troubled: Place) -> None:
    found = log(troubled, t("11:00") + told.RECENT_MS)

    assert (found.total, found.recent, found.median_ms) == (2, 0, None)


@rows(
    ("wanted", "slugs"),
    [
        ({"state": "open"}, ["dump"]),
        ({"state": "closed"}, ["backup"]),
        ({"slug": "backup"}, ["backup"]),
        ({"channel": "ops"}, ["backup"]),
        ({"channel": "mail"}, ["dump", "backup"]),
        ({"channel": "nobody"}, []),
    ],
)
def test_incidents_are_found_by_state_monitor_and_channel(
    troubled: Place, wanted: dict[str, str], slugs: list[str]
) -> None:
    found = log(troubled, t("12:00"), **wanted)

    assert [line.row.monitor[1] for line in found.lines if line.row.monitor] == slugs
    assert found.total == len(slugs)


def test_one_incident_is_told_with_every_alert_and_attempt(troubled: Place) -> None:
    found: told.IncidentStory = troubled.do(told.story, 1, t("12:00"))

    assert [(row.alert.channel, row.alert.kind.value, row.state) for row, _ in found.alerts][:2] == [
        ("ops", "failed", "delivered"),
        ("mail", "failed", "dead"),
    ]
    assert [(attempt.result, attempt.error) for attempt in found.alerts[1][1]] == [("failed", "HTTP 404")]


@pytest.mark.parametrize("number", [0, 99, 2**70])
def test_an_unknown_incident_is_not_found(troubled: Place, number: int) -> None:
    with pytest.raises(NotFound):
        troubled.do(told.story, number, t("12:00"))


def test_ticks_of_a_lane_are_gathered_by_piece_and_outcome(place: Place) -> None:
    monitor = place.add("backup", "0 * * * *", at=t("00:30"))
    for hour in (1, 2, 3):
        place.success(t(f"0{hour}:00"))
    place.judge(t("04:05"))
    place.judge(t("05:05"))
    ticks = place.read(lambda tx: tx.told.ticks(monitor.id, t("00:00"), t("06:00"), 3))

    assert [(tick.piece, tick.outcome, tick.count) for tick in ticks] == [
        (0, "on_time", 1), (1, "on_time", 2), (2, "missed", 2),
    ]  # fmt: skip
