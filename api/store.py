"""The candles that the service answers from, in memory and bounded."""

import heapq
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from api.errors import UnknownSymbolError
from api.records import INTERVALS, Candle, Interval
from api.series import Series

DAY_MS = 86_400_000
HINTS = 20  # symbols named to a caller who asked for one that is not there


@dataclass(frozen=True, slots=True)
class Summary:
    """One symbol at a glance.

    ``reference`` is the open of the oldest kept minute that began within the last 24 hours, and
    ``since`` its start: what the change of the price is measured from.
    """

    symbol: str
    last: float
    time: int
    reference: float
    since: int
    intervals: list[Interval]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is held; ``limit`` is what is kept of one symbol and interval by now."""

    symbols: int
    candles: int
    limit: int


class Store:
    """Candles by symbol and interval; one thread writes, any number read.

    Three bounds hold at any moment: ``max_candles`` of one symbol and interval (the newest),
    ``max_symbols`` (those last updated), and ``max_total`` candles. Where the last would be
    passed, fewer are kept of every symbol and interval from then on, by a quarter at a time.
    """

    def __init__(self, max_candles: int, max_symbols: int, max_total: int) -> None:
        self._limit = max_candles
        self._max_symbols = max_symbols
        self._max_total = max_total
        self._lock = threading.Lock()
        self._symbols: OrderedDict[str, dict[Interval, Series]] = OrderedDict()  # oldest first
        self._candles = 0
        self._updated_at: int | None = None

    def put(self, candles: Iterable[Candle]) -> None:
        """Take in candles in the order they were read."""
        with self._lock:
            for candle in candles:
                self._put(candle)

    def candles(
        self,
        symbol: str,
        interval: Interval,
        *,
        since: int | None = None,
        until: int | None = None,
        final: bool | None = None,
        limit: int,
    ) -> list[Candle]:
        """Candles with ``since <= start < until``, ascending; the newest ``limit`` of them.

        Raises:
            UnknownSymbolError: Nothing is kept of the symbol.
        """
        with self._lock:
            series = self._of(symbol).get(interval)
            found = series.between(since, until) if series else []
        if final is not None:
            found = [candle for candle in found if candle.final is final]
        return found[-limit:]

    def newest(self, symbol: str) -> dict[Interval, Candle]:
        """The newest candle of every interval there is, shortest interval first.

        Raises:
            UnknownSymbolError: Nothing is kept of the symbol.
        """
        with self._lock:
            series = self._of(symbol)
            return {interval: series[interval].newest for interval in _ordered(series)}

    def summaries(self, contains: str, limit: int) -> tuple[int, list[Summary]]:
        """The first symbols, in alphabetical order, that contain a text in any case.

        Returns:
            How many contain it, and the first ``limit`` of them at a glance.
        """
        text = contains.casefold()
        with self._lock:
            found = sorted(symbol for symbol in self._symbols if text in symbol.casefold())
            return len(found), [_summary(each, self._symbols[each]) for each in found[:limit]]

    def size(self) -> Size:
        """How much is held."""
        with self._lock:
            return Size(len(self._symbols), self._candles, self._limit)

    @property
    def updated_at(self) -> int | None:
        """The newest ``updated_at`` ever put, ms; None before the first candle."""
        return self._updated_at

    def _of(self, symbol: str) -> dict[Interval, Series]:
        try:
            return self._symbols[symbol]
        except KeyError:
            known = heapq.nsmallest(HINTS, self._symbols)
            raise UnknownSymbolError(symbol, known, len(self._symbols)) from None

    def _put(self, candle: Candle) -> None:
        by_interval = self._symbols.get(candle.symbol)
        if by_interval is None:
            by_interval = self._symbols[candle.symbol] = {}
            if len(self._symbols) > self._max_symbols:
                self._evict()
        else:
            self._symbols.move_to_end(candle.symbol)
        series = by_interval.get(candle.interval)
        if series is None:
            series = by_interval[candle.interval] = Series()
        else:
            # The texts are the same: keep one copy for the series, not one for every candle.
            candle.symbol, candle.interval = series.newest.symbol, series.newest.interval
        self._candles -= len(series)
        series.put(candle, self._limit)
        self._candles += len(series)
        if self._candles > self._max_total:
            self._shrink()
        if self._updated_at is None or candle.updated_at > self._updated_at:
            self._updated_at = candle.updated_at

    def _evict(self) -> None:
        """Let the symbol go that was not updated for longest."""
        _, by_interval = self._symbols.popitem(last=False)
        self._candles -= sum(map(len, by_interval.values()))

    def _shrink(self) -> None:
        """Keep fewer candles of everything until all fit; seldom, because a quarter goes."""
        every = list(chain.from_iterable(each.values() for each in self._symbols.values()))
        while self._candles > self._max_total and self._limit > 1:
            self._limit = self._limit * 3 // 4
            for series in every:
                series.trim(self._limit)
            self._candles = sum(map(len, every))


def _ordered(series: dict[Interval, Series]) -> list[Interval]:
    return [interval for interval in INTERVALS if interval in series]


def _summary(symbol: str, series: dict[Interval, Series]) -> Summary:
    intervals = _ordered(series)
    newest = series[intervals[0]].newest  # the shortest interval knows the newest price
    minutes = series.get("1m") or series[intervals[0]]
    reference = next(iter(minutes.between(newest.start - DAY_MS, None)), newest)
    return Summary(symbol, newest.close, newest.start, reference.open, reference.start, intervals)
