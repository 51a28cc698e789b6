"""Over how many candles and trades analytics go, and over what time.

Apart from what computes them: who reads settings need not load compiled kernels.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from udfs.intervals import INTERVALS

MOST_GAPS = 8
"""So many lengths of gaps are told apart."""


@dataclass(frozen=True)
class Periods:
    """Over how many candles each indicator goes."""

    sma: tuple[int, ...] = (20, 50)
    """Plain moving averages of the close."""
    ema: tuple[int, ...] = (12, 26)
    """Moving averages of the close by exponents: a new close counts 2 / (period + 1)."""
    rsi: int = 14
    macd: tuple[int, int, int] = (12, 26, 9)
    """The fast and the slow average, and that of their difference."""
    bollinger: int = 20
    bollinger_width: float = 2.0
    """How many standard deviations (of a population) the bands are away from the mean."""
    atr: int = 14
    vwap: int = 20
    """Of the rolling one; another is that of the UTC day so far."""
    volatility: int = 20
    """Log returns in realized volatility, the root of the sum of their squares."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the indicators, in the order of their values."""
        macd, band = "_".join(map(str, self.macd)), f"{self.bollinger}_{self.bollinger_width:g}"
        return (
            *(f"sma_{period}" for period in self.sma),
            *(f"ema_{period}" for period in self.ema),
            f"rsi_{self.rsi}",
            "macd_{}_{}".format(*self.macd[:2]),
            f"macd_signal_{macd}",
            f"macd_histogram_{macd}",
            f"bollinger_upper_{band}",
            f"bollinger_middle_{self.bollinger}",
            f"bollinger_lower_{band}",
            f"atr_{self.atr}",
            "vwap_session",
            f"vwap_{self.vwap}",
            "log_return",
            f"volatility_{self.volatility}",
        )


@dataclass(frozen=True)
class SlidingWindow:
    """A window's length, and how far it slides."""

    name: str
    """Of the length, such as 5m."""
    size_ms: int
    slide: str
    """One of INTERVALS; the length has it several times."""


@dataclass(frozen=True)
class Limits:
    """From which score on, above or below, something is an anomaly."""

    threshold: float = 3.0
    thresholds: tuple[tuple[str, float], ...] = ()
    """Those of symbols that have another."""

    def of(self, names: Iterable[str]) -> NDArray[np.float64]:
        """(n,) the thresholds of symbols."""
        own = dict(self.thresholds)
        return np.array([own.get(name, self.threshold) for name in names])


@dataclass(frozen=True)
class ScoreRules(Limits):
    """What the settings say of trades held against those before them."""

    window: int = 100
    """Trades that one is held against; with none, trades are not watched."""
    least: int = 20
    """With fewer there is no score."""
    fat_finger: float = 0.1
    """How far a price may be from the mean, as a share of that."""
    gaps_ms: tuple[int, ...] = (500, 5_000, 30_000)
    """From which time without a trade on there is a gap, ascending."""


@dataclass(frozen=True)
class RobustRules(Limits):
    """What the settings say of candles held against those before them."""

    intervals: tuple[str, ...] = tuple(INTERVALS)
    """Those whose candles are judged; it may be none."""
    window: int = 60
    """Candles that one is held against."""
    least: int = 20
    """With fewer there is no score."""


@dataclass(frozen=True)
class CorrelationRules:
    """What the settings say of correlations."""

    window: int = 60
    """Minutes whose returns are held against each other; with none there are no correlations."""
    least: int = 20
    """With fewer common returns a pair has no correlation."""
    symbols: int = 1_000
    """Of so many symbols there are correlations, those with most trades."""
    quiet_ms: int = 0
    """Silence after which event time goes on by the clock; 0 is never."""
    stamp_end: bool = False
    """Whether messages are updated at the end of their minute, instead of by the clock."""


@dataclass(frozen=True)
class ModelRules:
    """What the settings say of the model that learns what candles of a series are like."""

    intervals: tuple[str, ...] = ()
    """Those whose candles are learned and scored; it may be none."""
    trees: int = 10
    height: int = 6
    """Cuts between the root of a tree and its leaves."""
    window: int = 250
    """Candles that are learned before they are what others are held against."""
    threshold: float = 0.95
    """From which score, 0 to 1, on a candle is an anomaly."""
