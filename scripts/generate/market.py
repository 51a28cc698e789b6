"""Correlated random walks of prices, and the trades along them, a block of trades at a time."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scripts.generate.instruments import Instrument, activity

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MARKET_VOLATILITY = 2.5e-4  # of the common log return over one second
MARKET_MEMORY_S = 86_400.0  # time constants with which walks fall back to where they started,
OWN_MEMORY_S = 1_800.0  #     so that a feed of weeks still has believable prices
HEAT_MEMORY_S = 60.0  # busy and quiet minutes follow each other
HEAT = 0.5
NEWS_EVERY_S = 1_800.0
NEWS_SIZE = 500  # in standard deviations of one second: about 2% for a coin
BURST_TRADES = 3  # mean trades of one order that sweeps the book
LONGEST_STEP_S = 60.0  # a feed that was suspended goes on, it does not catch up
DRIFT = 0.1  # of a price level, at most, from one cycle to the next
FAR = math.log(3)  # beyond it a level drifts back


class Trades(NamedTuple):
    """A block of trades as columns of one length, in the order of sending."""

    symbol: Ints  # index into the listing
    price: Floats
    quantity: Floats
    buy: Bools
    trade_id: Ints  # counts up from 1, per symbol


class Market:
    """Every price of the listing, as one log-linear factor model.

    A log price is the start price, plus beta times the market's walk, plus the instrument's own
    walk with fat tails and the odd piece of news; trades print a tick above or below.
    """

    def __init__(self, listing: Sequence[Instrument], rng: np.random.Generator) -> None:
        self._rng = rng
        self._share = activity(len(listing))
        self._cumulative = self._share.cumsum()
        self._listed = np.log([i.price for i in listing])
        self._start = self._listed
        self._beta = np.array([i.beta for i in listing])
        self._volatility = np.array([i.volatility for i in listing])
        self._price_unit = 10.0 ** np.array([i.price_digits for i in listing])
        self._quantity_median = np.log([i.quantity for i in listing])
        self._quantity_unit = 10.0 ** np.array([i.quantity_digits for i in listing])
        self._market = 0.0
        self._own = np.zeros(len(listing))
        self._heat = 0.0
        self._traded = np.zeros(len(listing), dtype=np.int64)

    def drift(self) -> None:
        """Begin another cycle: each price level moves by up to DRIFT, up or down."""
        by = self._rng.uniform(-DRIFT, DRIFT, len(self._start))
        away = self._start - self._listed
        by = np.where(np.abs(away) > FAR, -np.sign(away) * np.abs(by), by)
        self._start = self._start + np.log1p(by)

    def trades(
        self, count: int, seconds: float, burst: int | None = None, wild: float = 1.0
    ) -> Trades:
        """Let the market trade ``count`` times over ``seconds``.

        Trades come in bursts of one symbol and side: of exactly ``burst`` trades, or of random
        lengths if that is None. Prices move ``wild`` times as much as usual.
        """
        seconds = min(max(seconds, 0.0), LONGEST_STEP_S)
        self._age(seconds)
        run = self._bursts(count, burst)
        symbol = self._cumulative[:-1].searchsorted(self._rng.random(run[-1] + 1))[run]
        buy = (self._rng.random(run[-1] + 1) < 0.5)[run]
        price, trade_id = self._walk(symbol, wild**2 * seconds / count)
        unit = self._price_unit[symbol]
        tick = np.rint(price * unit) + np.where(buy, 1, -1)
        lots = np.exp(self._quantity_median[symbol] + self._rng.standard_normal(count))
        lot = self._quantity_unit[symbol]
        return Trades(
            symbol=symbol,
            # Whole ticks over a power of ten: the double nearest to the decimal, printed short.
            price=np.maximum(tick, 1) / unit,
            quantity=np.maximum(np.rint(lots * lot), 1) / lot,
            buy=buy,
            trade_id=trade_id,
        )

    def _age(self, seconds: float) -> None:
        self._market *= math.exp(-seconds / MARKET_MEMORY_S)
        self._own *= math.exp(-seconds / OWN_MEMORY_S)
        kept = math.exp(-seconds / HEAT_MEMORY_S)
        self._heat = kept * self._heat + HEAT * math.sqrt(1 - kept**2) * self._rng.normal()
        happens, who, way = self._rng.random(3)
        if happens < -math.expm1(-seconds / NEWS_EVERY_S):
            symbol = self._cumulative[:-1].searchsorted(who)
            self._own[symbol] += math.copysign(NEWS_SIZE, way - 0.5) * self._volatility[symbol]

    def _bursts(self, count: int, burst: int | None) -> Ints:
        if burst is not None:
            return np.arange(count) // burst
        begins = self._rng.random(count) < 1 / BURST_TRADES
        begins[0] = False
        return begins.cumsum()

    def _walk(self, symbol: Ints, seconds_per_trade: float) -> tuple[Floats, Ints]:
        """Move the walks along the trades; return each trade's price and id."""
        scale = math.exp(self._heat) * math.sqrt(seconds_per_trade)
        count = len(symbol)
        market = self._rng.standard_normal(count).cumsum() * (MARKET_VOLATILITY * scale)
        market += self._market
        self._market = market[-1]

        # An own walk moves only when its symbol trades, so quiet symbols make longer steps.
        step = self._rng.standard_t(4, count) * scale / math.sqrt(2)
        step *= self._volatility[symbol] / np.sqrt(self._share[symbol])
        order = symbol.astype(np.uint16).argsort(kind="stable")  # radix sort
        grouped = symbol[order]
        first = np.flatnonzero(np.diff(grouped, prepend=-1))
        sizes = np.diff(first, append=count)
        present = grouped[first]
        walked = step[order].cumsum()
        walked -= np.repeat(walked[first] - step[order][first] - self._own[present], sizes)
        self._own[present] = walked[first + sizes - 1]
        number = np.arange(count) - np.repeat(first - 1 - self._traded[present], sizes)
        self._traded[present] += sizes

        own, trade_id = np.empty(count), np.empty(count, dtype=np.int64)
        own[order], trade_id[order] = walked, number
        return np.exp(self._start[symbol] + self._beta[symbol] * market + own), trade_id
