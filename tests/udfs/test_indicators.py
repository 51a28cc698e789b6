"""Indicators against TA-Lib, and against their definitions where it has none."""

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.udfs.candle_makers import random_candles, total_of
from udfs.candles import CANDLE
from udfs.indicators import DAY_MS, Indicators, messages
from udfs.intervals import MINUTE_MS
from udfs.periods import Periods
from udfs.sums import limbs

seeds = st.integers(0, 2**32 - 1)
periods = st.builds(
    Periods,
    sma=st.lists(st.integers(2, 60), min_size=1, max_size=3).map(tuple),
    ema=st.lists(st.integers(2, 60), max_size=3).map(tuple),
    rsi=st.integers(2, 40),
    macd=st.tuples(st.integers(2, 20), st.integers(21, 40), st.integers(2, 20)),
    bollinger=st.integers(2, 40),
    bollinger_width=st.sampled_from([1.0, 2.0, 2.5]),
    atr=st.integers(2, 40),
    vwap=st.integers(1, 40),
    volatility=st.integers(1, 40),
)


def indicators_of(
    rows: NDArray[np.void], own: Periods, cut: int = 0
) -> dict[str, NDArray[np.float64]]:
    """Those of candles of one series, cut in two."""
    made = Indicators(own)
    states = np.zeros((1, made.width))
    parts = [
        made.advance(states, np.zeros(part.size, np.int64), part) for part in np.split(rows, [cut])
    ]
    return dict(zip(own.names, np.concatenate(parts).T, strict=True))


@settings(max_examples=60, deadline=None)
@given(seeds, periods, st.integers(0, 300))
def test_they_are_those_of_ta_lib_once_it_has_them(seed: int, own: Periods, cut: int) -> None:
    rows = random_candles(np.random.default_rng(seed), 300)
    found = indicators_of(rows, own, cut)
    close, high, low = (np.ascontiguousarray(rows[name]) for name in ("close", "high", "low"))
    fast, slow, signal = own.macd
    macd = talib.MACD(close, fast, slow, signal)
    width = own.bollinger_width
    bands = talib.BBANDS(close, own.bollinger, width, width)
    expected = {
        **{f"sma_{period}": talib.SMA(close, period) for period in own.sma},
        **{f"ema_{period}": talib.EMA(close, period) for period in own.ema},
        f"rsi_{own.rsi}": talib.RSI(close, own.rsi),
        f"macd_{fast}_{slow}": macd[0],
        f"macd_signal_{fast}_{slow}_{signal}": macd[1],
        f"macd_histogram_{fast}_{slow}_{signal}": macd[2],
        f"bollinger_upper_{own.bollinger}_{width:g}": bands[0],
        f"bollinger_middle_{own.bollinger}": bands[1],
        f"bollinger_lower_{own.bollinger}_{width:g}": bands[2],
        f"atr_{own.atr}": talib.ATR(high, low, close, own.atr),
    }
    scale = close.max()
    for name, values in expected.items():
        there = ~np.isnan(values)
        np.testing.assert_allclose(
            found[name][there], values[there], rtol=1e-9, atol=1e-12 * scale, err_msg=name
        )
        if not name.startswith("macd_"):  # TA-Lib has MACD from its signal on only
            assert np.isnan(found[name][~there]).all(), name


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 30), st.integers(1, 30))
def test_those_of_volume_and_return_are_what_their_definitions_say(
    seed: int, vwap: int, volatility: int
) -> None:
    rows = random_candles(np.random.default_rng(seed), 200, length_ms=20 * MINUTE_MS)
    found = indicators_of(rows, Periods(vwap=vwap, volatility=volatility))
    names = [name for name, _ in limbs("volume", "notional")]
    sums = np.array([list(total_of(list(row))) for row in rows[names].tolist()])
    days = rows["start"] // DAY_MS
    for i, (volume, notional) in enumerate(sums):
        today = sums[: i + 1][days[: i + 1] == days[i]].sum(axis=0)
        assert found["vwap_session"][i] == pytest.approx(today[1] / today[0], rel=1e-12)
        last = sums[i + 1 - vwap : i + 1].sum(axis=0) if i + 1 >= vwap else (np.nan, np.nan)
        assert found[f"vwap_{vwap}"][i] == pytest.approx(last[1] / last[0], rel=1e-12, nan_ok=True)
        assert notional > 0 < volume
    returns = np.diff(np.log(rows["close"]), prepend=np.nan)
    np.testing.assert_allclose(found["log_return"], returns, rtol=1e-12, atol=1e-14)
    realized = [
        np.sqrt((returns[i + 1 - volatility : i + 1] ** 2).sum()) if i >= volatility else np.nan
        for i in range(rows.size)
    ]
    np.testing.assert_allclose(found[f"volatility_{volatility}"], realized, rtol=1e-12, atol=1e-14)


def test_what_there_are_too_few_candles_for_is_null() -> None:
    own = Periods()
    rows = random_candles(np.random.default_rng(1), 2)
    values = np.stack(list(indicators_of(rows, own).values()), axis=1)
    (_, first), (_, second) = messages(rows, values, own.names, ["A"], 7)
    assert b'"sma_20":null' in first
    assert b'"log_return":null' in first
    assert b'"log_return":null' not in second


def test_prices_that_never_moved_have_no_strength() -> None:
    rows = np.zeros(30, CANDLE)
    for name in ("open", "high", "low", "close", "volume_0", "notional_0"):
        rows[name] = 5
    assert np.isnan(indicators_of(rows, Periods())["rsi_14"]).all()
