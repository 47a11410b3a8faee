"""A body that comes in pieces: a small one is kept here, a large one in memory that another process can be shown."""

import os

from seestackd.errors import Busy

MOST_KEPT = 6
"""So many pieces of memory are kept for the next bodies: writing into them takes a sixth of the time of new ones."""

MOST_KEPT_BYTES = 1024 * 1024


class Memory:
    """Memory that has a descriptor, by which another process can read it."""

    def __init__(self) -> None:
        self._kept: list[int] = []

    def take(self) -> int:
        """Return the descriptor of some, which may hold an old body; raises OSError."""
        return self._kept.pop() if self._kept else os.memfd_create("batch")

    def give_back(self, descriptor: int) -> None:
        """Take some back that nobody reads any more."""
        if len(self._kept) < MOST_KEPT and os.fstat(descriptor).st_size <= MOST_KEPT_BYTES:
            self._kept.append(descriptor)
        else:
            os.close(descriptor)

    def close(self) -> None:
        """Free what is kept."""
        while self._kept:
            os.close(self._kept.pop())


class Gathered:
    """The pieces so far, of `size` bytes in all; from `small` bytes on they go on to memory as they come.

    At once, for copying a large body takes so long that a ping beside it would wait. `close` it in the end.
    """

    def __init__(self, memory: Memory, small: int) -> None:
        self.size = 0
        self._small = small
        self._from = memory
        self._pieces: list[bytes] = []
        self._descriptor = -1
        self._written = 0

    def close(self, *, read: bool) -> None:
        """Free the memory; `read` says that whoever was shown it is done with it."""
        if self._descriptor >= 0:
            if read:
                self._from.give_back(self._descriptor)
            else:
                os.close(self._descriptor)

    def add(self, piece: bytes) -> None:
        """Take the next piece; raises Busy when there is no memory for it."""
        self.size += len(piece)
        self._pieces.append(piece)
        if self.size > self._small:
            self.descriptor()

    def whole(self) -> bytes:
        """Return the body."""
        return b"".join(self._pieces) if self._descriptor < 0 else os.pread(self._descriptor, self.size, 0)

    def descriptor(self) -> int:
        """Return the descriptor of memory that begins with all of the body so far; raises Busy when there is none."""
        try:
            if self._descriptor < 0:
                self._descriptor = self._from.take()
            for piece in self._pieces:
                view = memoryview(piece)
                while view:
                    count = os.pwrite(self._descriptor, view, self._written)
                    view, self._written = view[count:], self._written + count
        except OSError as error:
            raise Busy("There is no memory for the batch; please retry") from error
        self._pieces.clear()
        return self._descriptor
