"""The candles, and all else that has windows, which the service answers from; bounded."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Generic

from api.errors import UnknownSymbolError
from api.records import INTERVALS, Candle, Interval
from api.series import R, Series

DAY_MS = 86_400_000


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
    rows: int
    limit: int


class Store(Generic[R]):
    """Rows by symbol and interval; one thread writes, any number read.

    Three bounds hold at any moment: ``max_rows`` of one symbol and interval (the newest),
    ``max_symbols`` (those last updated), and ``max_total`` rows. Where the last would be
    passed, fewer are kept of every symbol and interval from then on, by a quarter at a time.
    ``what`` says to people what the rows are.
    """

    def __init__(self, what: str, max_rows: int, max_symbols: int, max_total: int) -> None:
        self._what = what
        self._limit = max_rows
        self._max_symbols = max_symbols
        self._max_total = max_total
        self._lock = threading.Lock()
        self._symbols: OrderedDict[str, dict[Interval, Series[R]]] = OrderedDict()  # oldest first
        self._rows = 0
        self._updated_at: int | None = None

    def put(self, rows: Iterable[R]) -> None:
        """Take in rows in the order they were read."""
        with self._lock:
            for row in rows:
                self._put(row)

    def rows(
        self,
        symbol: str,
        interval: Interval,
        *,
        since: int | None = None,
        until: int | None = None,
        final: bool | None = None,
        limit: int,
    ) -> list[R]:
        """Rows with ``since <= start < until``, ascending; the newest ``limit`` of them.

        Raises:
            UnknownSymbolError: Nothing is kept of the symbol.
        """
        with self._lock:
            series = self._of(symbol).get(interval)
            found = series.between(since, until) if series else []
        if final is not None:
            found = [row for row in found if row.final is final]
        return found[-limit:]

    def newest(self, symbol: str) -> dict[Interval, R]:
        """The newest row of every interval there is, shortest interval first.

        Raises:
            UnknownSymbolError: Nothing is kept of the symbol.
        """
        with self._lock:
            series = self._of(symbol)
            return {interval: series[interval].newest for interval in _ordered(series)}

    def tails(
        self, interval: Interval, symbols: Collection[str], count: int, *, final: bool
    ) -> list[R]:
        """The newest ``count`` rows of each of these symbols, of all without any; ascending."""
        found: list[R] = []
        with self._lock:
            for symbol in symbols or self._symbols:
                series = self._symbols.get(symbol, {}).get(interval)
                if series:
                    found += series.tail(count, final=final)
        return found

    def size(self) -> Size:
        """How much is held."""
        with self._lock:
            return Size(len(self._symbols), self._rows, self._limit)

    @property
    def updated_at(self) -> int | None:
        """The newest ``updated_at`` ever put, ms; None before the first row."""
        return self._updated_at

    def _of(self, symbol: str) -> dict[Interval, Series[R]]:
        try:
            return self._symbols[symbol]
        except KeyError:
            raise UnknownSymbolError(self._what, symbol, self._symbols) from None

    def _put(self, row: R) -> None:
        by_interval = self._symbols.get(row.symbol)
        if by_interval is None:
            by_interval = self._symbols[row.symbol] = {}
            if len(self._symbols) > self._max_symbols:
                self._evict()
        else:
            self._symbols.move_to_end(row.symbol)
        series = by_interval.get(row.interval)
        if series is None:
            series = by_interval[row.interval] = Series()
        else:
            # The texts are the same: keep one copy for the series, not one for every row.
            row.symbol, row.interval = series.newest.symbol, series.newest.interval
        self._rows -= len(series)
        series.put(row, self._limit)
        self._rows += len(series)
        if self._rows > self._max_total:
            self._shrink()
        if self._updated_at is None or row.updated_at > self._updated_at:
            self._updated_at = row.updated_at

    def _evict(self) -> None:
        """Let the symbol go that was not updated for longest."""
        _, by_interval = self._symbols.popitem(last=False)
        self._rows -= sum(map(len, by_interval.values()))

    def _shrink(self) -> None:
        """Keep fewer rows of everything until all fit; seldom, because a quarter goes."""
        every = list(chain.from_iterable(each.values() for each in self._symbols.values()))
        while self._rows > self._max_total and self._limit > 1:
            self._limit = self._limit * 3 // 4
            for series in every:
                series.trim(self._limit)
            self._rows = sum(map(len, every))


class CandleStore(Store[Candle]):
    """A store of candles."""

    def summaries(self, contains: str, limit: int) -> tuple[int, list[Summary]]:
        """The first symbols, in alphabetical order, that contain a text in any case.

        Returns:
            How many contain it, and the first ``limit`` of them at a glance.
        """
        text = contains.casefold()
        with self._lock:
            found = sorted(symbol for symbol in self._symbols if text in symbol.casefold())
            return len(found), [_summary(each, self._symbols[each]) for each in found[:limit]]


def _ordered(series: dict[Interval, Series[R]]) -> list[Interval]:
    return [interval for interval in INTERVALS if interval in series]


def _summary(symbol: str, series: dict[Interval, Series[Candle]]) -> Summary:
    intervals = _ordered(series)
    newest = series[intervals[0]].newest  # the shortest interval knows the newest price
    minutes = series.get("1m") or series[intervals[0]]
    reference = next(iter(minutes.between(newest.start - DAY_MS, None)), newest)
    return Summary(symbol, newest.close, newest.start, reference.open, reference.start, intervals)
