"""Shocks: trades whose price or quantity is made to stand out from those before it, on purpose.

They are the truth that a detector is measured by: each is so many standard deviations away from the
mean of the last trades of its symbol.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from scripts.generate.instruments import Instrument
from scripts.generate.market import Ints, Trades

WINDOW = 100
"""Trades that one is made to stand out from; with fewer before it, none is."""
KINDS = ("price", "quantity")


class Shock(NamedTuple):
    """What was made of a trade."""

    symbol: str
    timestamp: int
    trade_id: int
    kind: str
    value: float
    z: float
    """How many standard deviations (of a sample) it is away from the mean of the trades before."""


class Shocks:
    """Makes shocks, and remembers them.

    Args:
        listing: The instruments.
        share: Of trades that become shocks, 0 to 1.
        least: Standard deviations that each is away at least.
        rng: Which trades, and how far beyond.
    """

    def __init__(
        self, listing: Sequence[Instrument], share: float, least: float, rng: np.random.Generator
    ) -> None:
        self._listing = listing
        self._share = share
        self._least = least
        self._rng = rng
        self._last = [tuple(deque[float](maxlen=WINDOW) for _ in KINDS) for _ in listing]
        self.made: list[Shock] = []
        """Since they were last taken away, in the order of sending."""

    def apply(self, trades: Trades, times: Ints) -> Trades:
        """The trades with some of them made shocks."""
        price, quantity = trades.price.copy(), trades.quantity.copy()
        chosen = self._rng.random(len(price)) < self._share
        for i, symbol in enumerate(trades.symbol.tolist()):
            last = self._last[symbol]
            values = (price, quantity)
            which = int(self._rng.integers(len(KINDS)))
            if chosen[i] and len(last[0]) == WINDOW and len(set(last[which])) > 1:
                value, z = self._shocked(symbol, which)
                values[which][i] = value
                self.made.append(
                    Shock(
                        self._listing[symbol].symbol,
                        int(times[i]),
                        int(trades.trade_id[i]),
                        KINDS[which],
                        value,
                        z,
                    )
                )
            for kept, column in zip(last, values, strict=True):
                kept.append(float(column[i]))
        return trades._replace(price=price, quantity=quantity)

    def _shocked(self, symbol: int, which: int) -> tuple[float, float]:
        """A value that stands out, as the instrument writes it, and by how much it does."""
        instrument = self._listing[symbol]
        digits = (instrument.price_digits, instrument.quantity_digits)[which]
        before = np.array(self._last[symbol][which])
        mean, deviation = before.mean(), before.std(ddof=1)
        away = (self._least + self._rng.exponential(1.0)) * deviation + 10.0**-digits
        below = mean - away
        value = below if below > 10.0**-digits and self._rng.random() < 0.5 else mean + away
        value = round(float(value), digits)
        return value, float((value - mean) / deviation)
