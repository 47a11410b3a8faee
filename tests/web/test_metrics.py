"""What Prometheus reads, through its own parser."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from seestackd.core.keys import Scope, make_secret
from seestackd.operations.deadlines import JudgeDue, judge_due
from seestackd.operations.keys import CreateKey, create
from seestackd.operations.outbox import QueueTest, SettleDelivery, queue_test, settle_delivery
from seestackd.store.sqlite.ballast import Ballast
from seestackd.web.metrics import Standing, _configured
from tests.documents import text
from tests.source import ROOT
from tests.web.conftest import NOW, SECRET, Answer, Daemon

DAY_MS = 86_400_000
READ_KEY = make_secret(b"\x02" * 32)
PROXIED = {"X-Forwarded-For": "192.0.2.7"}


async def scraped(daemon: Daemon) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Every sample by name and labels; what is told anew is asked for."""
    daemon.clock.at += 3_000
    answer = await daemon.send("/metrics", method="GET", key=None)
    assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (200, "text/plain")
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(answer.body.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def document(status: str, **more: object) -> dict[str, object]:
    return {"slug": "nightly", "status": status, "durationMs": 5, **more}


async def test_it_counts_pings_by_kind_and_door_and_repeated_ones_once(daemon: Daemon) -> None:
    for _ in range(2):
        assert (await daemon.send("/ingest/v1/heartbeat", document("success", eventId="once"))).status == 202
    assert (await daemon.send("/ingest/v1/heartbeat", document("failed"))).status == 202
    assert (await daemon.send(f"/ping/{'p' * 22}/start", method="GET", key=None)).status == 200
    assert (await daemon.send("/ingest/v1/heartbeat", {**document("success"), "slug": "unknown"})).status == 404

    assert (await scraped(daemon))["seestackd_pings_total"] == {
        (("door", "heartbeat"), ("kind", "success")): 1,
        (("door", "heartbeat"), ("kind", "failed")): 1,
        (("door", "url"), ("kind", "start")): 1,
    }


async def test_it_tells_how_late_judging_was(daemon: Daemon) -> None:
    daemon.clock.at = NOW + DAY_MS + 5 * 60_000 + 1_500
    await daemon.runner.submit(judge_due, JudgeDue(), judgement=True)

    found = await scraped(daemon)

    assert found["seestackd_judging_lateness_seconds_sum"] == {(): 1.5}
    assert found["seestackd_judging_lateness_seconds_count"] == {(): 1}
    buckets = found["seestackd_judging_lateness_seconds_bucket"]
    assert [buckets[(("le", bound),)] for bound in ("1", "2", "+Inf")] == [0, 1, 1]


async def test_it_tells_what_waits_and_what_became_of_it(daemon: Daemon) -> None:
    rows = [await daemon.runner.run(queue_test, QueueTest('o"ps')) for _ in range(2)]
    daemon.clock.at += 60_000
    ok = SettleDelivery(rows[0], "me", 30_000, ok=True, duration_ms=10)
    await daemon.runner.run(settle_delivery, ok)

    found = await scraped(daemon)

    assert found["seestackd_deliveries_total"] == {(("channel", 'o"ps'), ("result", "delivered")): 1}
    assert found["seestackd_outbox_pending"] == {(("channel", 'o"ps'),): 1}
    assert found["seestackd_outbox_oldest_seconds"] == {(): 63}


async def test_it_tells_how_things_stand(daemon: Daemon) -> None:
    await daemon.send("/ingest/v1/heartbeat", document("failed"))

    found = await scraped(daemon)

    assert found["seestackd_monitors"] == {(("status", "failed"),): 1}
    assert found["seestackd_incidents_open"] == {(("kind", "failed"),): 1}
    assert found["seestackd_database_bytes"][()] > 100_000
    assert [found[f"seestackd_{name}"][()] for name in ("commits_failing", "commits_failed_total", "outbox_dead")] == [
        0,
        0,
        0,
    ]


def test_a_ballast_given_up_at_a_start_is_seen(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "seestackd.db")
    told = {there: "".join(_configured(Standing(ballast=there))) for there in (ballast.there, True)}

    assert "\nseestackd_ballast 0\n" in told[False]
    assert "\nseestackd_ballast 1\n" in told[True]


async def test_blind_time_is_that_of_the_last_day(daemon: Daemon) -> None:
    def windows(tx: object, command: None, at: int) -> None:
        tx.blind.open(at - 2 * DAY_MS, at - DAY_MS + 13_000, "not running")  # type: ignore[attr-defined]
        tx.blind.open(at - 60_000, at - 30_000, "the disk was full")  # type: ignore[attr-defined]

    await daemon.runner.run(windows, None)

    assert (await scraped(daemon))["seestackd_blind_seconds"] == {(): 40}


async def asked(daemon: Daemon, headers: dict[str, str]) -> Answer:
    return await daemon.send("/metrics", method="GET", key=None, headers=headers)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        (PROXIED, 401),
        ({"Forwarded": "for=192.0.2.7"}, 401),
        ({**PROXIED, "Authorization": "Bearer nonsense"}, 401),
        ({**PROXIED, "Authorization": f"Bearer {SECRET}"}, 403),
        ({**PROXIED, "Authorization": f"Bearer {READ_KEY}"}, 200),
    ],
)
async def test_strangers_need_a_key(daemon: Daemon, headers: dict[str, str], status: int) -> None:
    await daemon.runner.run(create, CreateKey(daemon.project_id, "prometheus", Scope.READ, READ_KEY))

    answer = await asked(daemon, headers)

    assert answer.status == status
    assert (b"seestackd_build_info" in answer.body) == (status == 200)
    assert SECRET.encode() not in answer.body


async def test_asked_often_it_asks_the_store_seldom(daemon: Daemon) -> None:
    await scraped(daemon)
    await daemon.send("/ingest/v1/heartbeat", document("failed"))

    assert b'status="failed"' not in (await asked(daemon, {})).body
    daemon.clock.at += 2_000
    assert b'status="failed"' in (await asked(daemon, {})).body


async def test_the_metrics_described_are_those_that_exist(daemon: Daemon) -> None:
    rows = re.findall(r"^\| `(seestackd_\w+)` \| (\w+) \|", text(ROOT / "docs" / "metrics.md"), re.MULTILINE)

    families = re.findall(r"^# TYPE (\S+) (\w+)$", (await asked(daemon, {})).body.decode(), re.MULTILINE)

    assert sorted(rows) == sorted(families)


async def test_it_tells_how_long_runs_took_by_how_they_ended(daemon: Daemon) -> None:
    await daemon.send("/ingest/v1/heartbeat", {**document("success"), "durationMs": 700})
    await daemon.send("/ingest/v1/heartbeat", {**document("failed"), "durationMs": 90_000})
    await daemon.send(f"/ping/{'p' * 22}/start", method="GET", key=None)
    daemon.clock.at += 4_000
    await daemon.send(f"/ping/{'p' * 22}", method="GET", key=None)

    found = await scraped(daemon)

    assert found["seestackd_run_duration_seconds_sum"] == {
        (("result", "success"),): 4.7,
        (("result", "failed"),): 90,
    }
    buckets = found["seestackd_run_duration_seconds_bucket"]
    assert [buckets[(("le", le), ("result", "success"))] for le in ("0.1", "1", "5", "+Inf")] == [0, 1, 2, 2]
    assert [buckets[(("le", le), ("result", "failed"))] for le in ("60", "300")] == [0, 1]
