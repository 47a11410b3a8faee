"""Plain values that a ping makes by the dozen."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

__all__ = ["plain"]

if TYPE_CHECKING:
    # To the type checker they are frozen, which is where a change of one is found.
    from dataclasses import dataclass as plain
else:

    def plain(*, frozen: bool, slots: bool) -> Any:
        """Make a dataclass as frozen ones are, without the guard: setting each field through it costs a ping 10 us."""
        return dataclass(slots=slots, unsafe_hash=frozen)
