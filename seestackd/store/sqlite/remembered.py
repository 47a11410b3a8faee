"""What is remembered between transactions, no more of it than a small machine can hold."""

from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """A table of the values used last: at least half of `most` of them, never more than `most`.

    What is full becomes the older half, and what of that nobody asks for is forgotten with it: a use costs two look-ups
    at worst, and there is no order to keep.
    """

    __slots__ = ("_half", "_older", "_younger")

    def __init__(self, most: int) -> None:
        self._half = most // 2
        self._younger: dict[Key, Value] = {}
        self._older: dict[Key, Value] = {}

    def __len__(self) -> int:
        return len(self._younger) + len(self._older)

    def get(self, key: Key) -> Value | None:
        """Return the value, None when it is not remembered."""
        found = self._younger.get(key)
        if found is None and key in self._older:
            found = self._older[key]
            self.put(key, found)
        return found

    def put(self, key: Key, value: Value) -> None:
        """Remember a value."""
        self._older.pop(key, None)
        self._younger[key] = value
        if len(self._younger) >= self._half:
            self._older, self._younger = self._younger, {}

    def pop(self, key: Key) -> None:
        """Forget a value."""
        self._younger.pop(key, None)
        self._older.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        self._younger.clear()
        self._older.clear()
