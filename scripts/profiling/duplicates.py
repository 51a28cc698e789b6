"""Duplicates: which trades the job would take for copies of others, by its own sets of them."""

import numpy as np
from numpy.typing import NDArray

from udfs import fingerprints, frames, numbered
from udfs.frames import Frame
from udfs.intervals import MINUTE_MS
from udfs.numbered import Numbered
from udfs.seen import Seen


class Duplicates:
    """The trades of the last minutes of event time.

    Each part has an event time of its own, as a file may be of another day than the one before it,
    and partitions are read one further than the other.

    Args:
        remembered_ms: How long a trade is remembered; 0 is not at all.
        delay_ms: How far event time is behind the newest trade.
    """

    def __init__(self, remembered_ms: int, delay_ms: int) -> None:
        self._remembered_ms, self._delay_ms = remembered_ms, delay_ms
        self._numbered, self._seen = Numbered(), Seen()
        self._newest: dict[int, int] = {}
        self._expired = 0

    def are_new(self, frame: Frame, hashes: NDArray[np.uint64], part: int) -> NDArray[np.bool_]:
        """Takes in the trades of a part; which of them are no copies, (n,).

        Args:
            frame: They; their symbols and exchanges are places in ``hashes``.
            hashes: Of the names: see ``fingerprints.names_of``.
            part: Its number.
        """
        if not (self._remembered_ms and frame.trades.size):
            return np.ones(frame.trades.size, np.bool_)
        since = self._since(part)
        is_numbered, trades = numbered.of_frame(frame, np.ones(frame.trades.size, np.bool_))
        new = np.empty(frame.trades.size, np.bool_)
        new[is_numbered] = self._numbered.add(trades, hashes, since)
        if trades.size < new.size:
            others = fingerprints.of_frame(frames.take(frame, ~is_numbered), hashes)
            new[~is_numbered] = self._seen.add(others, since)
        newest = int(frame.trades["timestamp"].max())
        self._newest[part] = max(newest, self._newest.get(part, 0))
        self._expire()
        return new

    def close(self, part: int) -> None:
        """Takes it that nothing comes of a part any more."""
        self._newest.pop(part, None)

    def _since(self, part: int) -> int:
        """Since when trades are remembered for the next ones of a part."""
        newest = self._newest.get(part, 0)
        return max(newest - self._delay_ms - 1 - self._remembered_ms, 0)

    def _expire(self) -> None:
        """Forgets what no part can have copies of, once a minute."""
        since = min(map(self._since, self._newest))
        if abs(since - self._expired) >= MINUTE_MS:
            self._numbered.expire(since)
            self._seen.expire(since)
            self._expired = since
