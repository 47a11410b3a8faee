"""What is remembered of monitors between transactions, and read ahead of a batch."""

from contextlib import closing
from pathlib import Path

from seestackd.core.monitor import Monitor, new_monitor
from seestackd.operations.keys import EnsureProject, ensure_project
from seestackd.operations.monitors import AddMonitor, add
from seestackd.store.sqlite.connection import SqliteSession, SqliteStore
from seestackd.store.sqlite.remembered import Remembered
from tests.stores import new_store

AT = 1_790_000_000_000


def test_no_more_is_remembered_than_allowed_and_what_was_used_last_stays() -> None:
    remembered: Remembered[int, str] = Remembered(100)
    for number in range(1000):
        remembered.put(number, str(number))
        assert len(remembered) <= 100
        if number > 0:
            remembered.get(1)
    assert [remembered.get(number) for number in (999, 960, 1, 500)] == ["999", "960", "1", None]


def test_what_is_forgotten_is_gone_from_both_halves() -> None:
    remembered: Remembered[int, str] = Remembered(4)
    for number in range(3):
        remembered.put(number, str(number))
    for number in range(3):
        remembered.pop(number)
    assert len(remembered) == 0


def _session(store: SqliteStore, slugs: list[str]) -> tuple[SqliteSession, dict[str, Monitor]]:
    ids = iter(f"00000000-0000-7000-8000-{n:012d}" for n in range(100))
    session = store.writer(lambda: next(ids))
    session.begin()
    tx = session.transaction
    project = ensure_project(tx, EnsureProject(), AT)
    made = {slug: add(tx, AddMonitor(project.id, new_monitor(slug, "1h"), f"ping-{slug}"), AT) for slug in slugs}
    session.commit()
    tx.forget()
    return session, made


def test_a_batch_reads_its_monitors_in_one_statement(tmp_path: Path) -> None:
    with closing(new_store(tmp_path / "ahead.db")) as store:
        session, made = _session(store, ["one", "two", "three"])
        tx, asked = session.transaction, list[str]()
        project_id = made["one"].project_id
        before = {slug: (tx.monitors.by_slug(project_id, slug), tx.monitors.load_state(made[slug].id)) for slug in made}
        tx.forget()
        store._connection.set_trace_callback(asked.append)
        session.begin()
        session.expect([(project_id, slug) for slug in (*made, "stranger", "one")] + [(99, "one")])
        assert len(asked) == 3, "BEGIN, and one read for each project"
        after = {slug: (tx.monitors.by_slug(project_id, slug), tx.monitors.load_state(made[slug].id)) for slug in made}
        session.expect([(project_id, slug) for slug in made])
        assert len(asked) == 3
        assert before == after
        assert tx.monitors.by_slug(project_id, "stranger") is None
        session.undo()


def test_an_edit_of_a_monitor_is_seen_by_whoever_read_it_ahead(tmp_path: Path) -> None:
    with closing(new_store(tmp_path / "ahead.db")) as store:
        session, made = _session(store, ["one"])
        tx = session.transaction
        session.begin()
        session.expect([(made["one"].project_id, "one")])
        due, _ = tx.monitors.due(1 << 60, 10)
        assert due == [made["one"].id]
        changed = tx.monitors.update(made["one"], AT)
        assert tx.monitors.by_id(due[0]) == tx.monitors.by_slug(changed.project_id, "one") == changed
        session.undo()


def test_only_what_files_declare_and_name_is_compared_with_them(tmp_path: Path) -> None:
    with closing(new_store(tmp_path / "declared.db")) as store:
        session, made = _session(store, ["one", "two", "three"])
        tx = session.transaction
        session.begin()
        project_id = made["one"].project_id
        add(tx, AddMonitor(project_id, new_monitor("filed", "1h", source="file"), "ping-filed"), AT)
        found = [monitor.slug for monitor in tx.monitors.declared(project_id, ["two", "new"])]
        assert found == ["filed", "two"]
        plan = store._connection.execute(
            "EXPLAIN QUERY PLAN SELECT id FROM monitors WHERE project_id = 1 AND source = 'file'"
        ).fetchall()
        assert "monitors_declared" in plan[0][3]
        session.undo()
