"""Analytics: what a shard makes of its closed candles.

Indicators, sliding windows, trends, and anomalies among them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from udfs import anomalies, indicators, learned, robust, series, sliding, trends
from udfs.candles import ends_of
from udfs.codes import distinct
from udfs.indicators import Indicators
from udfs.intervals import INTERVALS, MINUTE
from udfs.learned import Model
from udfs.messages import Messages
from udfs.periods import ModelRules, Periods, RobustRules, SlidingWindow
from udfs.robust import Robust
from udfs.series import Packed, Series
from udfs.sliding import Sliding
from udfs.windows import NEVER

Output = tuple[Literal["indicators", "sliding", "trends", "anomalies"], Messages]
"""Which output, and messages to it."""
Values = NDArray[np.float64]
Rows = NDArray[np.void]
Keys = NDArray[np.int64]


@dataclass(frozen=True)
class AnalyticsRules:
    """What analytics are told by the settings."""

    intervals: tuple[str, ...] = tuple(INTERVALS)
    """Those whose candles have indicators."""
    periods: Periods = field(default_factory=Periods)
    windows: tuple[SlidingWindow, ...] = ()
    robust: RobustRules = field(default_factory=RobustRules)
    """What is said of unusual candles."""
    model: ModelRules = field(default_factory=ModelRules)
    """What learns the candles, to say of rare ones."""
    trends: bool = True
    """Whether there are trends."""
    swing: float = 0.02
    """(high - low) / low of a minute, above which it is a volatility anomaly."""
    ttl_ms: int = 604_800_000
    """How long a symbol without candles is remembered, in event time."""


@dataclass(frozen=True)
class _Part:
    """Something that is computed along the series, and the messages made of it."""

    output: Literal["indicators", "sliding", "anomalies"]
    series: Series
    messages: Callable[[Rows, Values, list[str], int | None], Messages]


Closed = Callable[[NDArray[np.int64]], Rows]
"""Gives all closed candles of some symbols; the first to end comes first."""


class Analytics:
    """The analytics of one shard; symbols are its codes, and candles come by the end of windows.

    A late trade changes nearly all that follows from the candles after it. So its symbol waits:
    ``correct`` publishes, once for many late trades, what has another value than before, and what
    was closed meanwhile. Where one trade is late others are, so what was published is remembered
    for a while, instead of being computed again.

    Attributes:
        waiting: The symbols that wait, and when the first second that was corrected began, ms.
    """

    def __init__(self, rules: AnalyticsRules) -> None:
        self._rules = rules
        self._parts: list[_Part] = []
        self.waiting: dict[int, int] = {}
        if rules.intervals:
            made = Indicators(rules.periods)
            names = made.names
            self._parts.append(
                _Part(
                    "indicators",
                    Series(made, _are_among(rules.intervals)),
                    lambda rows, values, *rest: indicators.messages(rows, values, names, *rest),
                )
            )
        if rules.windows:
            windows = rules.windows
            self._parts.append(
                _Part(
                    "sliding",
                    Series(Sliding(windows), _are_among([each.slide for each in windows])),
                    lambda rows, values, *rest: sliding.messages(rows, values, windows, *rest),
                )
            )
        if rules.robust.intervals:
            own = rules.robust
            self._parts.append(
                _Part(
                    "anomalies",
                    Series(Robust(own.window, own.least), _are_among(own.intervals)),
                    lambda rows, values, *rest: anomalies.of_candles(rows, values, own, *rest),
                )
            )

        if rules.model.intervals:
            model = rules.model
            self._parts.append(
                _Part(
                    "anomalies",
                    Series(Model(model), _are_among(model.intervals)),
                    lambda rows, values, *rest: anomalies.of_model(rows, values, model, *rest),
                )
            )
        self._forget()

    def close(self, rows: Rows, symbols: list[str], now_ms: int | None) -> Iterator[Output]:
        """What follows from candles, (n,), that have just been closed.

        Messages are updated now; at the end of their window if that is None.
        """
        ready = rows
        if self.waiting:
            ready = rows.compress(~np.isin(rows["symbol"], list(self.waiting)))
        for part, published in zip(self._parts, self._published, strict=True):
            own = part.series.wanted(ready)
            if own.size:
                values = part.series.close(own)
                if self._followed:
                    is_followed = np.isin(own["symbol"], list(self._followed))
                    published.append(
                        (series.keys_of(own.compress(is_followed)), values[is_followed])
                    )
                yield part.output, part.messages(own, values, symbols, now_ms)
        yield from self.trends(rows, symbols, now_ms)

    def trends(self, rows: Rows, symbols: list[str], now_ms: int | None) -> Iterator[Output]:
        """The trends of candles, (n,), that were closed or corrected."""
        minutes = rows.compress(rows["interval"] == MINUTE)
        if minutes.size and self._rules.trends:
            yield "trends", trends.messages(minutes, symbols, self._rules.swing, now_ms)

    def wait(self, seconds: Rows, closed: Closed) -> None:
        """Takes it that late trades are about to be added: their symbols wait from now on.

        Args:
            seconds: (n,) of CANDLE, of one second each.
            closed: As it is before.
        """
        if not self._parts:
            return
        symbols, places, _ = distinct(seconds["symbol"])
        starts = np.full(symbols.size, NEVER)
        np.minimum.at(starts, places, seconds["start"])
        first = dict(zip(symbols.tolist(), starts.tolist(), strict=True))
        new = first.keys() - self._followed
        if new:
            self._follow(new, self._again(closed(np.array([*new]))))
        for symbol, start in first.items():
            self.waiting[symbol] = min(start, self.waiting.get(symbol, start))

    def correct(self, closed: Closed, symbols: list[str], now_ms: int | None) -> Iterator[Output]:
        """Publishes what has another value than before of the symbols that wait.

        Args:
            closed: As it is now.
            symbols: By code.
            now_ms: As for ``close``.
        """
        if not self.waiting:
            return
        found = self._again(closed(np.array([*self.waiting])))
        before = self._published
        self._forget()
        self._follow(self.waiting, found)
        self.waiting, self._were_corrected = {}, True
        for part, (rows, keys, values), published in zip(self._parts, found, before, strict=True):
            keys_before, values_before = map(np.concatenate, zip(*published, strict=True))
            changed = series.changed(keys, values, keys_before, values_before)
            own = rows.compress(changed), values[changed]
            yield part.output, part.messages(*own, symbols, now_ms)

    def recover(self, rows: Rows) -> None:
        """Goes on from what was loaded, with all closed candles.

        Of the symbols that wait all since the first correction counts as not published: what was
        is not known.

        Args:
            rows: (n,) as ``Closed`` gives them.
        """
        last = int(rows["symbol"].max(initial=max(self.waiting, default=-1)))
        starts = np.full(last + 1, -NEVER)
        for symbol, start in self.waiting.items():
            starts[symbol] = start
        found = []
        for own, keys, values in self._again(rows):
            same = ends_of(own) <= starts[own["symbol"]]
            found.append((own.compress(same), keys[same], values[same]))
        self._forget()
        self._follow(self.waiting, found)

    def expire(self, rows: Rows) -> None:
        """Takes it that nothing corrects these candles any more, and that none wait."""
        for part in self._parts:
            part.series.expire(rows)
        if not self._were_corrected:
            self._forget()
        self._were_corrected = False

    def symbols(self, since_ms: int) -> NDArray[np.int64]:
        """The symbols that had candles since then."""
        nothing = np.zeros(0, np.int64)
        return np.concatenate([nothing, *(part.series.symbols(since_ms) for part in self._parts)])

    def rename(self, codes: NDArray[np.int64]) -> None:
        """Gives each symbol the code at its place; forgets those with -1."""
        self._forget()
        for part in self._parts:
            part.series.rename(codes)

    def pack(self) -> list[Packed]:
        """What closed candles that have not expired do not tell."""
        return [part.series.pack() for part in self._parts]

    def load(self, packed: Sequence[Packed]) -> None:
        """Goes on from what ``pack`` gave; ``recover`` must follow."""
        for part in self._parts:
            for each in packed:
                part.series.load(each)

    def _again(self, rows: Rows) -> list[tuple[Rows, Keys, Values]]:
        """Computes the series of some symbols again, from all their closed candles, (n,).

        Returns:
            Of each part its candles, their keys and their values.
        """
        wanted = [part.series.wanted(rows) for part in self._parts]
        return [
            (own, series.keys_of(own), part.series.again(own))
            for part, own in zip(self._parts, wanted, strict=True)
        ]

    def _follow(self, symbols: Iterable[int], found: list[tuple[Rows, Keys, Values]]) -> None:
        """Remembers what ``_again`` gave of some symbols, and what will be closed of them."""
        self._followed.update(symbols)
        for published, (_, keys, values) in zip(self._published, found, strict=True):
            published.append((keys, values))

    def _forget(self) -> None:
        self._followed: set[int] = set()
        """The symbols whose published values are remembered."""
        self._published: list[list[tuple[Keys, Values]]] = [[] for _ in self._parts]
        """Of each part keys of candles and their values, some of which may be forgotten."""
        self._were_corrected = False
        """Whether some were since the last ``expire``."""


def _are_among(names: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([name in names for name in INTERVALS])


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    indicators.warm_up()
    sliding.warm_up()
    robust.warm_up()
    learned.warm_up()
