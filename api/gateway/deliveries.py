"""Which deliveries came before: each is taken once."""

import hashlib
import threading
from collections import OrderedDict

KEPT = 100_000
"""Deliveries that are remembered, about 0.3 kB each."""


def digest(body: bytes) -> bytes:
    """What a body is known by, whatever white space is around it."""
    return hashlib.sha256(body.strip(b" \t\r\n")).digest()


class Deliveries:
    """The newest ``limit`` deliveries, by their ids and by their bodies.

    GitHub signs the body alone, not the id: a body that comes again under another id is a replay
    just as much.
    """

    def __init__(self, limit: int = KEPT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[str | bytes, None] = OrderedDict()
        self._pending: set[str | bytes] = set()

    def claim(self, delivery: str, body: bytes) -> bool:
        """Whether a delivery is new; if so, none like it is until this one is settled.

        Args:
            delivery: Its id.
            body: The digest of its body.
        """
        names: set[str | bytes] = {delivery, body}
        with self._lock:
            if not self._pending.isdisjoint(names) or any(name in self._kept for name in names):
                return False
            self._pending |= names
            return True

    def settle(self, delivery: str, body: bytes, *, is_kept: bool) -> None:
        """What was claimed is on Kafka, or it is not and may come again."""
        with self._lock:
            self._pending -= {delivery, body}
            if is_kept:
                self._keep(delivery, body)

    def note(self, delivery: str, body: bytes) -> None:
        """One was read from Kafka."""
        with self._lock:
            self._keep(delivery, body)

    def _keep(self, *names: str | bytes) -> None:
        for name in names:
            self._kept[name] = None
            self._kept.move_to_end(name)
        while len(self._kept) > 2 * self._limit:
            self._kept.popitem(last=False)
