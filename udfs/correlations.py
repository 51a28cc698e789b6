"""Correlations of the returns of all symbols, minute by minute, over the last ones.

The return of a minute is log(close / close of the minute before); where either had no trade there
is none, and none is made up. Pearson's coefficient of two symbols is of the minutes in which both
have a return, so each pair says how many these were. For all pairs at once that is a few products
of matrices: of the returns with 0 where there is none, and of where there are some.
"""

from collections.abc import Iterable, Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs import pairs
from udfs.candles import ends_of
from udfs.codes import distinct
from udfs.columns import array
from udfs.intervals import MINUTE_MS
from udfs.periods import CorrelationRules

_CONSTANT = 1e-12
"""A variance of so little, as a share of the mean square, is rounding."""
LEAST_JOURNAL = 1 << 20
"""A journal of so many bytes is not worth a snapshot yet."""


class Closes(msgspec.Struct, array_like=True):
    """The last prices of minutes, as a shard sends them; of each symbol and minute one counts.

    That is the one that came last: a corrected minute comes again.
    """

    symbols: list[str]
    codes: bytes
    """(n,) int32 places in ``symbols``."""
    ends: bytes
    """(n,) int64, of the minute, ms since epoch."""
    closes: bytes
    """(n,) doubles."""
    trades: bytes
    """(n,) int64, of the minute."""


class _Entry(msgspec.Struct, array_like=True):
    """One change of the state; a snapshot is one that makes all of it."""

    computed: int = 0
    closes: list[Closes] = []


class Correlation(msgspec.Struct, frozen=True, gc=False):
    """The correlations of a symbol with those that follow it in the alphabet."""

    symbol: str
    timestamp: int
    """The end of the minute, ms since epoch."""
    window: int
    """Minutes looked at."""
    returns: int
    """In how many of them the symbol has a return."""
    correlations: msgspec.Raw
    """By symbol; null where there are too few common returns, or prices that do not move."""
    fewer: msgspec.Raw
    """By symbol the common returns of those pairs that lack some."""
    left_out: int
    """Symbols that are in no pair, as there are more than the limit."""
    updated_at: int


_packer, _json = msgspec.msgpack.Encoder(), msgspec.json.Encoder()
_closes, _entries = msgspec.msgpack.Decoder(Closes), msgspec.msgpack.Decoder(_Entry)


def pack(rows: NDArray[np.void], symbols: list[str]) -> bytes:
    """Candles of a minute, (n,) of CANDLE, as they are sent: see ``Closes``."""
    used, codes, _ = distinct(rows["symbol"])
    closes = Closes(
        [symbols[code] for code in used.tolist()],
        codes.astype(np.int32).tobytes(),
        ends_of(rows).tobytes(),
        rows["close"].tobytes(),
        rows["trades"].astype(np.int64).tobytes(),
    )
    return _packer.encode(closes)


class Correlations:
    """The minutes that a window goes back, of all symbols, and what is still to be computed.

    Args:
        rules: What the settings say.
        journal: What ``journal`` gave so far.
    """

    def __init__(self, rules: CorrelationRules, journal: Iterable[bytes] = ()) -> None:
        self._rules = rules
        self._symbols: list[str] = []
        self._codes: dict[str, int] = {}
        self._minutes: dict[int, _Minute] = {}
        self._last = np.zeros(0, np.int64)
        """Of each symbol the end of the last minute that has a close of it."""
        self._computed = 0
        """The end of the last minute that was computed."""
        self._entry: _Entry | None = None
        self._written = self._snapshot = 0
        for data in journal:
            self._written += len(data)
            entry = _entries.decode(data)
            for closes in entry.closes:
                self._add(closes)
            self._compute(entry.computed)

    @property
    def next_end(self) -> int | None:
        """When the next minute is over, ms; None if there is nothing of it yet."""
        return min((end for end in self._minutes if end > self._computed), default=None)

    def take(self, piece: bytes) -> None:
        """Takes in closes of some minutes, as ``pack`` gave them."""
        closes = _closes.decode(piece)
        self._add(closes)
        self._change().closes.append(closes)

    def tick(self, passed: int, now_ms: int | None) -> Iterator[tuple[bytes, bytes]]:
        """Key and value of the messages of the minutes that have ended at ``passed`` or before.

        They are updated now; at the end of their minute if that is None.
        """
        while (end := self.next_end) is not None and end <= passed:
            yield from self._messages(end, end if now_ms is None else now_ms)
            self._compute(end)
            self._change()

    def journal(self) -> tuple[list[bytes], bool]:
        """What to write down of the changes since the last call.

        Returns:
            Entries to be added; or, if it is True, one that replaces all before.
        """
        if self._entry is None:
            return [], False
        data = _packer.encode(self._entry)
        self._entry = None
        self._written += len(data)
        if self._written <= max(LEAST_JOURNAL, 2 * self._snapshot):
            return [data], False
        data = _packer.encode(_Entry(self._computed, [self._all()]))
        self._written = self._snapshot = len(data)
        return [data], True

    def _add(self, closes: Closes) -> None:
        codes = np.array([self._code(symbol) for symbol in closes.symbols], np.int64)
        codes = codes[array(closes.codes, np.dtype(np.int32))]
        ends, trades = (array(each, np.dtype(np.int64)) for each in (closes.ends, closes.trades))
        prices = array(closes.closes, np.dtype(float))
        more = len(self._symbols) - self._last.size
        self._last = np.concatenate([self._last, np.zeros(more, np.int64)])
        np.maximum.at(self._last, codes, ends)
        oldest = self._computed - self._rules.window * MINUTE_MS
        for end in np.unique(ends[ends >= oldest]).tolist():
            of_minute = ends == end
            minute = self._minutes.setdefault(end, _Minute())
            minute.put(codes[of_minute], prices[of_minute], trades[of_minute])

    def _code(self, symbol: str) -> int:
        code = self._codes.get(symbol)
        if code is None:
            code = self._codes[symbol] = len(self._symbols)
            self._symbols.append(symbol)
        return code

    def _compute(self, end: int) -> None:
        """Takes it that a minute was computed; forgets those that no window goes back to."""
        self._computed = max(self._computed, end)
        oldest = self._computed - self._rules.window * MINUTE_MS
        for each in [each for each in self._minutes if each < oldest]:
            del self._minutes[each]
        codes = np.flatnonzero(self._last >= oldest)
        if 2 * codes.size < self._last.size:
            self._last = self._last[codes]
            for minute in self._minutes.values():
                minute.keep(codes)
            self._symbols = [self._symbols[code] for code in codes.tolist()]
            self._codes = {symbol: code for code, symbol in enumerate(self._symbols)}

    def _change(self) -> _Entry:
        if self._entry is None:
            self._entry = _Entry()
        self._entry.computed = self._computed
        return self._entry

    def _all(self) -> Closes:
        """All minutes that are held."""
        codes, ends, closes, trades = b"", b"", b"", b""
        for end, minute in self._minutes.items():
            own = np.flatnonzero(~np.isnan(minute.closes))
            codes += own.astype(np.int32).tobytes()
            ends += np.full(own.size, end).tobytes()
            closes += minute.closes[own].tobytes()
            trades += minute.trades[own].tobytes()
        return Closes(self._symbols, codes, ends, closes, trades)

    def _messages(self, end: int, now_ms: int) -> Iterator[tuple[bytes, bytes]]:
        """Key and value of the messages of the minute that ended then."""
        window = self._rules.window
        closes = np.full((window + 1, len(self._symbols)), np.nan)
        trades = np.zeros(len(self._symbols), np.int64)
        for place in range(window + 1):
            minute = self._minutes.get(end - (window - place) * MINUTE_MS)
            if minute is not None:
                closes[place, : minute.closes.size] = minute.closes
                trades[: minute.trades.size] += minute.trades
        returns = np.diff(np.log(closes), axis=0)
        known = (~np.isnan(returns)).sum(axis=0)
        own = np.flatnonzero(known)
        if own.size < 2:
            # There is no pair, as in the many minutes of trades that came hours late.
            return
        left_out = max(0, own.size - self._rules.symbols)
        if left_out:
            # Among those with as many trades the first in the alphabet, whatever came first.
            own = np.array(sorted(own, key=lambda code: (-trades[code], self._symbols[code])))
            own = own[: self._rules.symbols]
        own = np.array(sorted(own, key=lambda code: self._symbols[code]), np.int64)
        names = [self._symbols[code] for code in own.tolist()]
        found, counts = matrix(returns[:, own], self._rules.least)
        written = pairs.coefficients(names, found), pairs.counts_below(names, counts, window)
        for code, name, values, fewer in zip(own[:-1].tolist(), names[:-1], *written, strict=False):
            message = Correlation(
                *(name, end, window, int(known[code])),
                *(msgspec.Raw(values), msgspec.Raw(fewer)),
                *(left_out, now_ms),
            )
            yield name.encode(), _json.encode(message)


class _Minute:
    """What is known of one minute, by code: closes, NaN where there is none, and trades."""

    def __init__(self) -> None:
        self.closes, self.trades = np.zeros(0), np.zeros(0, np.int64)

    def put(
        self, codes: NDArray[np.int64], closes: NDArray[np.float64], trades: NDArray[np.int64]
    ) -> None:
        more = int(codes.max(initial=-1)) + 1 - self.closes.size
        if more > 0:
            self.closes = np.concatenate([self.closes, np.full(more, np.nan)])
            self.trades = np.concatenate([self.trades, np.zeros(more, np.int64)])
        self.closes[codes], self.trades[codes] = closes, trades

    def keep(self, codes: NDArray[np.int64]) -> None:
        """Gives the n-th of some symbols, with ascending codes, the code n."""
        codes = codes[codes < self.closes.size]
        self.closes, self.trades = self.closes[codes], self.trades[codes]


def matrix(
    returns: NDArray[np.float64], least: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Pearson's correlation of all pairs of columns, each over the rows in which both have a value.

    Args:
        returns: (rows, n), NaN where there is none.
        least: With fewer such rows there is no correlation.

    Returns:
        (n, n) correlations, NaN where there is none, and (n, n) over how many rows they are.
    """
    there = ~np.isnan(returns)
    is_there = there.astype(float)
    counts = np.rint(is_there.T @ is_there).astype(np.int64)
    # Close to 0, so that little is lost where a pair's own means are taken off.
    sums = np.where(there, returns, 0).sum(axis=0)
    values = np.where(there, returns - sums / np.maximum(there.sum(axis=0), 1), 0)
    of_first = values.T @ is_there
    squares = (values**2).T @ is_there
    with np.errstate(divide="ignore", invalid="ignore"):
        variances = squares - of_first**2 / counts
        variances[variances <= _CONSTANT * squares] = np.nan
        covariances = values.T @ values - of_first * of_first.T / counts
        found = covariances / np.sqrt(variances * variances.T)
    found[counts < least] = np.nan
    return np.clip(found, -1, 1), counts
