"""Analytics: what a shard makes of its closed candles.

Indicators, sliding windows, trends, and anomalies among them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from udfs import anomalies, indicators, learned, robust, series, sliding, trends
from udfs.indicators import Indicators
from udfs.intervals import INTERVALS, MINUTE
from udfs.learned import Model
from udfs.periods import ModelRules, Periods, RobustRules, SlidingWindow
from udfs.robust import Robust
from udfs.series import Packed, Series
from udfs.sliding import Sliding

Output = tuple[Literal["indicators", "sliding", "trends", "anomalies"], bytes, bytes]
"""Which output, and key and value of a message to it."""
Values = NDArray[np.float64]
Rows = NDArray[np.void]


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
    messages: Callable[[Rows, Values, list[str], int | None], Iterator[tuple[bytes, bytes]]]

    def publish(
        self, rows: Rows, values: Values, symbols: list[str], now_ms: int | None
    ) -> Iterator[Output]:
        for message in self.messages(rows, values, symbols, now_ms):
            yield self.output, *message


Before = list[tuple[Rows, Values]]
"""Candles and their values, by what is computed."""


class Analytics:
    """The analytics of one shard; symbols are its codes, and candles come by the end of windows."""

    def __init__(self, rules: AnalyticsRules) -> None:
        self._rules = rules
        self._parts: list[_Part] = []
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

    def close(self, rows: Rows, symbols: list[str], now_ms: int | None) -> Iterator[Output]:
        """What follows from candles, (n,), that have just been closed.

        Messages are updated now; at the end of their window if that is None.
        """
        for part in self._parts:
            own = part.series.wanted(rows)
            if own.size:
                yield from part.publish(own, part.series.close(own), symbols, now_ms)
        yield from self._trends(rows, symbols, now_ms)

    def again(self, rows: Rows) -> Before:
        """Computes the series of some symbols again, from all their closed candles, (n,)."""
        wanted = [part.series.wanted(rows) for part in self._parts]
        return [
            (own, part.series.again(own)) for part, own in zip(self._parts, wanted, strict=True)
        ]

    def correct(
        self, before: Before, rows: Rows, corrected: Rows, symbols: list[str], now_ms: int | None
    ) -> Iterator[Output]:
        """What follows from corrections of candles: all that has another value than before.

        Args:
            before: What ``again`` gave before.
            rows: (n,) all closed candles of those symbols now.
            corrected: (m,) those of them that were corrected.
            symbols: By code.
            now_ms: As for ``close``.
        """
        pairs = zip(self._parts, before, self.again(rows), strict=True)
        for part, (rows_before, values_before), (own, values) in pairs:
            places = np.flatnonzero(series.changed(own, values, rows_before, values_before))
            yield from part.publish(own[places], values[places], symbols, now_ms)
        yield from self._trends(corrected, symbols, now_ms)

    def expire(self, rows: Rows) -> None:
        """Takes it that nothing corrects these candles any more."""
        for part in self._parts:
            part.series.expire(rows)

    def symbols(self, since_ms: int) -> NDArray[np.int64]:
        """The symbols that had candles since then."""
        nothing = np.zeros(0, np.int64)
        return np.concatenate([nothing, *(part.series.symbols(since_ms) for part in self._parts)])

    def rename(self, codes: NDArray[np.int64]) -> None:
        """Gives each symbol the code at its place; forgets those with -1."""
        for part in self._parts:
            part.series.rename(codes)

    def pack(self) -> list[Packed]:
        """What closed candles that have not expired do not tell."""
        return [part.series.pack() for part in self._parts]

    def load(self, packed: Sequence[Packed]) -> None:
        """Goes on from what ``pack`` gave; ``again`` with all closed candles must follow."""
        for part in self._parts:
            for each in packed:
                part.series.load(each)

    def _trends(self, rows: Rows, symbols: list[str], now_ms: int | None) -> Iterator[Output]:
        minutes = rows[rows["interval"] == MINUTE]
        if minutes.size and self._rules.trends:
            for message in trends.messages(minutes, symbols, self._rules.swing, now_ms):
                yield "trends", *message


def _are_among(names: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([name in names for name in INTERVALS])


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    indicators.warm_up()
    sliding.warm_up()
    robust.warm_up()
    learned.warm_up()
