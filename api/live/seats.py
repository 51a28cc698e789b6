"""How many streams there may be, of all and of one address."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class TooManyStreamsError(Exception):
    """There is no room for one more; ``own`` if only its address has too many."""

    def __init__(self, most: int, *, own: bool) -> None:
        self.own = own
        of = "an address" if own else "all clients"
        super().__init__(f"expected at most {most} streams of {of}, this would be one more")


class Seats:
    """Counts the streams that are open.

    Args:
        most: Streams at once.
        most_of_one: Of one address.
    """

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._open: Counter[str] = Counter()

    @contextmanager
    def through(self, address: str) -> Iterator[None]:
        """Let a stream in for as long as the block lasts.

        Raises:
            TooManyStreamsError: There is no room.
        """
        if self._open.total() >= self._most:
            raise TooManyStreamsError(self._most, own=False)
        if self._open[address] >= self._most_of_one:
            raise TooManyStreamsError(self._most_of_one, own=True)
        self._open[address] += 1
        try:
            yield
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]
