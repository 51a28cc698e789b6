import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.makers import random_trades
from udfs.candles import LIMB_BITS, PRICE_AT, UNITS, PartialCandle, partial_candles
from udfs.scanner import BUY

SYMBOLS = list("ABCDE")
seeds = st.integers(0, 2**32 - 1)


def total(limbs: Iterable[int]) -> float:
    """The double nearest to a sum in limbs."""
    return float(sum(n * Fraction(unit) for n, unit in zip(limbs, UNITS, strict=True)))


def merged(parts: Iterable[PartialCandle]) -> dict[tuple[str, int], tuple[Any, ...]]:
    """Candles of seconds, merged as SQL does it."""
    groups: dict[tuple[str, int], list[PartialCandle]] = {}
    for part in parts:
        groups.setdefault((part.symbol, part.second), []).append(part)
    return {
        key: (
            min(p.open_key for p in group),
            max(p.close_key for p in group),
            max(p.high for p in group),
            min(p.low for p in group),
            sum(p.trades for p in group),
            *(
                total(map(sum, zip(*(getattr(p, name) for p in group), strict=True)))
                for name in ("volume", "notional", "buy_volume")
            ),
        )
        for key, group in groups.items()
    }


@given(seeds, st.integers(1, 400), st.integers(1, 200_000))
def test_a_partial_candle_is_what_its_trades_say(seed: int, n: int, span_ms: int) -> None:
    trades = random_trades(np.random.default_rng(seed), n, span_ms=span_ms)
    found = partial_candles(trades, SYMBOLS)
    assert len({(p.symbol, p.second) for p in found}) == len(found)
    assert sum(p.trades for p in found) == n
    for p in found:
        mine = trades[
            (trades["symbol"] == SYMBOLS.index(p.symbol))
            & (trades["timestamp"] // 1_000 * 1_000 == p.second)
        ]
        mine = np.sort(mine, order=["timestamp", "id_high", "id_low", "price"])
        assert float(p.open_key[PRICE_AT:]) == mine["price"][0]
        assert float(p.close_key[PRICE_AT:]) == mine["price"][-1]
        assert (p.high, p.low) == (mine["price"].max(), mine["price"].min())
        quantity = mine["quantity"]
        assert total(p.volume) == math.fsum(quantity)
        assert total(p.notional) == math.fsum(mine["price"] * quantity)
        assert total(p.buy_volume) == math.fsum(quantity[mine["side"] == BUY])


@given(seeds, st.integers(1, 300), st.data())
def test_candles_are_the_same_however_trades_are_cut_and_shuffled(
    seed: int, n: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    trades = random_trades(rng, n)
    # Ties in time and id are what order could leak through.
    trades["timestamp"] = trades["timestamp"] // 500 * 500
    trades["id_low"] //= 3
    expected = merged(partial_candles(trades, SYMBOLS))
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=4)))
    shuffled = rng.permutation(trades)
    parts = [p for part in np.split(shuffled, cuts) for p in partial_candles(part, SYMBOLS)]
    assert merged(parts) == expected


@given(st.lists(st.floats(1e-15, 1e18), min_size=1, max_size=50))
def test_limbs_add_up_to_the_exact_sum(quantities: list[float]) -> None:
    trades = random_trades(np.random.default_rng(0), len(quantities), symbols=1, span_ms=1)
    trades["quantity"] = quantities
    (candle,) = partial_candles(trades, ["A"])
    exact = sum(map(Fraction, quantities))
    found = sum(n * Fraction(unit) for n, unit in zip(candle.volume, UNITS, strict=True))
    assert 0 <= exact - found < Fraction(len(quantities), 2**80)
    assert all(0 <= limb < 2**LIMB_BITS for limb in candle.volume[1:])


def test_many_symbols_and_seconds_have_a_candle_each() -> None:
    symbols = [f"S{i}" for i in range(3_000)]
    trades = random_trades(np.random.default_rng(1), 20_000, symbols=3_000, span_ms=60_000)
    found = partial_candles(trades, symbols)
    pairs = set(
        zip(trades["symbol"].tolist(), (trades["timestamp"] // 1_000).tolist(), strict=True)
    )
    assert {(symbols.index(p.symbol), p.second // 1_000) for p in found} == pairs


def test_no_trades_give_no_candles() -> None:
    assert partial_candles(random_trades(np.random.default_rng(0), 0), SYMBOLS) == []
