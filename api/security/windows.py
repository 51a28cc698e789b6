"""Requests of the last minute, by who made them, in bounded memory."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable

from limits.storage import MemoryStorage


class Windows(MemoryStorage):
    """Moving windows for the library ``limits``, whose own keep every caller for ever.

    Args:
        most: Callers kept, those who asked last; one who is forgotten begins anew.
        clock: The time in seconds, from any moment on.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        super().__init__()
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._moments: OrderedDict[str, deque[float]] = OrderedDict()  # ascending

    def __len__(self) -> int:
        """How many callers are kept."""
        return len(self._moments)

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count ``amount`` requests of a caller, unless there were ``limit`` in ``expiry`` s."""
        with self._lock:
            moments = self._since(key, expiry)
            if len(moments) + amount > limit:
                return False
            moments.extend([self._clock()] * amount)
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """The moment of a caller's oldest request that counts, and how many do."""
        with self._lock:
            moments = self._since(key, expiry)
            return (moments[0] if moments else self._clock()), len(moments)

    def clear(self, key: str) -> None:
        """Forget a caller."""
        with self._lock:
            self._moments.pop(key, None)

    def _since(self, key: str, expiry: int) -> deque[float]:
        """What counts of a caller, who is the one that asked last now."""
        moments = self._moments.get(key)
        if moments is None:
            moments = self._moments[key] = deque()
            if len(self._moments) > self._most:
                self._moments.popitem(last=False)
        else:
            self._moments.move_to_end(key)
        before = self._clock() - expiry
        while moments and moments[0] <= before:
            moments.popleft()
        return moments
