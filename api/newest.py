"""The newest of what is read from a topic, in memory and bounded."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Newest(Generic[T]):
    """What came last, of all symbols, in the order it was first read.

    Much is published again after a restart, of the job or of the reader: what has the key of one
    that is kept takes its place, and counts once.

    Args:
        limit: How many are kept.
        key: What one is known by.
    """

    def __init__(self, limit: int, key: Callable[[T], Hashable]) -> None:
        self._limit = limit
        self._key = key
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, T] = OrderedDict()

    def put(self, items: Iterable[T]) -> None:
        """Take in some in the order they were read."""
        with self._lock:
            for item in items:
                self._kept[self._key(item)] = item
                if len(self._kept) > self._limit:
                    self._kept.popitem(last=False)

    def newest(self) -> list[T]:
        """All that is kept, newest first."""
        with self._lock:
            return list(reversed(self._kept.values()))

    def older(self, key: Hashable) -> list[T]:
        """All that was first read before what has this key, newest first.

        If that is not kept any more, nothing before it is.
        """
        with self._lock:
            if key not in self._kept:
                return []
            newest_first = iter(reversed(self._kept.items()))
            for each, _ in newest_first:
                if each == key:
                    break
            return [item for _, item in newest_first]

    def __len__(self) -> int:
        return len(self._kept)
