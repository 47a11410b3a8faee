"""An operator may end the wait of upkeep for a clock that was in doubt."""

from tests.cli.conftest import Bench, Place


def test_a_clock_that_nobody_doubts_needs_no_word(place: Place) -> None:
    assert place("upkeep", "confirm").stdout == "Nothing waited for this: old data is deleted as ever.\n"


def test_after_a_long_absence_the_log_says_what_to_do_and_it_is_enough(bench: Bench) -> None:
    bench.serve().stop()
    age = "UPDATE alive SET at = at - 30 * 86400000, boot_id = 'the boot before'"
    bench.python(f"import sqlite3; c = sqlite3.connect('{bench.data}/seestackd.db'); c.execute(\"{age}\"); c.commit()")

    bench.serve().until("nothing old is deleted for 24 hours; when it is right: seestackd upkeep confirm")

    assert bench.run("upkeep", "confirm").stdout == "Old data is deleted again.\n"
    assert bench.run("upkeep", "confirm").stdout == "Nothing waited for this: old data is deleted as ever.\n"
