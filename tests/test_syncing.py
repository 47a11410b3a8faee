"""Whoever waits for the disk is told after a sync that began when they had come, and told if it failed."""

import threading

from seestackd.syncing import Syncing


def test_all_that_came_before_a_sync_are_told_after_it() -> None:
    told: list[str] = []
    syncing = Syncing(lambda: told.append("sync"))
    for name in ("a", "b", "c"):
        syncing.after(lambda error, name=name: told.append(f"{name} {error}"))  # type: ignore[misc]
    syncing.start()
    syncing.stop()

    assert told == ["sync", "a None", "b None", "c None"]


def test_whoever_comes_during_a_sync_waits_for_the_next() -> None:
    told: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def sync() -> None:
        told.append("sync")
        begun.set()
        assert go_on.wait(10)

    syncing = Syncing(sync)
    syncing.start()
    syncing.after(lambda error: told.append("first"))
    assert begun.wait(10)
    syncing.after(lambda error: told.append("second"))
    go_on.set()
    syncing.stop()

    assert told == ["sync", "first", "sync", "second"]


def test_a_sync_that_fails_is_told_to_those_who_waited_for_it() -> None:
    errors: list[Exception | None] = []

    def sync() -> None:
        raise OSError("no disk")

    syncing = Syncing(sync)
    syncing.start()
    syncing.after(errors.append)
    syncing.stop()

    assert [str(error) for error in errors] == ["no disk"]
