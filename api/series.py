"""The candles of one symbol and one interval."""

from bisect import bisect_left

from api.records import Candle


class Series:
    """Candles ascending by start, one a start, the newest ``limit`` of them."""

    __slots__ = ("_candles", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []  # beside the candles, because bisect is fastest on plain ints
        self._candles: list[Candle] = []

    def __len__(self) -> int:
        return len(self._candles)

    @property
    def newest(self) -> Candle:
        """The candle with the highest start; a series is never empty once put to."""
        return self._candles[-1]

    def put(self, candle: Candle, limit: int) -> None:
        """Insert in order, or replace the candle of the same start if this one supersedes it."""
        starts, candles = self._starts, self._candles
        at = len(starts)
        if starts and candle.start <= starts[-1]:
            at = bisect_left(starts, candle.start)
            if starts[at] == candle.start:
                if candle.supersedes(candles[at]):
                    candles[at] = candle
                return
        starts.insert(at, candle.start)
        candles.insert(at, candle)
        self.trim(limit)

    def trim(self, limit: int) -> None:
        """Let the oldest candles go until ``limit`` are left."""
        surplus = len(self._starts) - limit
        if surplus > 0:
            del self._starts[:surplus], self._candles[:surplus]

    def between(self, since: int | None, until: int | None) -> list[Candle]:
        """Candles with ``since <= start < until``, ascending; None leaves that side open."""
        low = 0 if since is None else bisect_left(self._starts, since)
        high = None if until is None else bisect_left(self._starts, until)
        return self._candles[low:high]
