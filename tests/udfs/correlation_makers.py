"""Correlations as pandas has them, and as they were published, to be compared."""

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from udfs.intervals import MINUTE_MS
from udfs.periods import CorrelationRules

Found = dict[tuple[str, str, int], tuple[float, int]]
"""Correlation, and how many returns it is of, by a pair and the end of a minute."""


def correlations_of(messages: Iterable[dict[str, Any]]) -> Found:
    found: Found = {}
    for message in messages:
        for other, value in message["correlations"].items():
            key = message["symbol"], other, message["timestamp"]
            assert key not in found
            count = message["fewer"].get(other, message["window"])
            found[key] = np.nan if value is None else value, count
    return found


def closes_of(candles: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """The closes of final candles of a minute: see ``correlations_expected``."""
    closes: dict[str, dict[int, float]] = {}
    for candle in candles:
        if candle["interval"] == "1m" and candle["final"]:
            closes.setdefault(candle["symbol"], {})[candle["end"]] = candle["close"]
    return pd.DataFrame(closes).sort_index()


def correlations_expected(closes: pd.DataFrame, rules: CorrelationRules) -> Found:
    """Of a table of closes by the end of their minute, with a column for each symbol."""
    if closes.empty:
        return {}
    ends = np.arange(closes.index.min(), closes.index.max() + 1, MINUTE_MS)
    returns = closes.reindex(ends).apply(np.log).diff()
    found: Found = {}
    for end in closes.index:
        last = returns[(returns.index > end - rules.window * MINUTE_MS) & (returns.index <= end)]
        last = last.dropna(axis=1, how="all")
        table = last.corr(min_periods=rules.least)
        for a, b in itertools.combinations(sorted(last), 2):
            found[a, b, end] = table.loc[a, b], int((last[a].notna() & last[b].notna()).sum())
    return found


def assert_same(found: Found, wanted: Found) -> None:
    assert set(found) == set(wanted)
    for key, (value, count) in wanted.items():
        own, own_count = found[key]
        assert own == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True), key
        assert own_count == count, key
