import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.makers import frame_of, random_frame, random_id, random_trades
from udfs.candles import LIMB_BITS, PRICE_MARK, UNITS, PartialCandle, partial_candles
from udfs.frames import trade_ids
from udfs.scanner import BUY

seeds = st.integers(0, 2**32 - 1)


def total(limbs: Iterable[int]) -> float:
    """The double nearest to a sum in limbs."""
    return float(sum(n * Fraction(unit) for n, unit in zip(limbs, UNITS, strict=True)))


def price_of(key: str) -> float:
    """The price that an order key ends in."""
    return float(key.split(PRICE_MARK)[1])


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
    frame = random_frame(np.random.default_rng(seed), n, span_ms=span_ms)
    trades, ids = frame.trades, [(i or "").encode() for i in trade_ids(frame)]
    found = partial_candles(frame)
    assert len({(p.symbol, p.second) for p in found}) == len(found)
    assert sum(p.trades for p in found) == n
    for p in found:
        of_symbol = trades["symbol"] == frame.symbols.index(p.symbol)
        places = np.flatnonzero(of_symbol & (trades["timestamp"] // 1_000 * 1_000 == p.second))
        mine = trades[places]
        order = sorted(
            (time, len(ids[place]), ids[place], price)
            for place, time, price in zip(
                places, mine["timestamp"].tolist(), mine["price"].tolist(), strict=True
            )
        )
        assert price_of(p.open_key) == order[0][-1]
        assert price_of(p.close_key) == order[-1][-1]
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
    ids = [random_id(rng) for _ in range(n)]
    expected = merged(partial_candles(frame_of(trades, ids, 5)))
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=4)))
    parts = [
        partial
        for part in np.split(rng.permutation(n), cuts)
        for partial in partial_candles(frame_of(trades[part], [ids[i] for i in part], 5))
    ]
    assert merged(parts) == expected


@given(st.lists(st.floats(1e-15, 1e18), min_size=1, max_size=50))
def test_limbs_add_up_to_the_exact_sum(quantities: list[float]) -> None:
    frame = random_frame(np.random.default_rng(0), len(quantities), symbols=1, span_ms=1)
    frame.trades["quantity"] = quantities
    (candle,) = partial_candles(frame)
    exact = sum(map(Fraction, quantities))
    found = sum(n * Fraction(unit) for n, unit in zip(candle.volume, UNITS, strict=True))
    assert 0 <= exact - found < Fraction(len(quantities), 2**80)
    assert all(0 <= limb < 2**LIMB_BITS for limb in candle.volume[1:])


def test_many_symbols_and_seconds_have_a_candle_each() -> None:
    frame = random_frame(np.random.default_rng(1), 20_000, symbols=3_000, span_ms=60_000)
    found = partial_candles(frame)
    codes, seconds = frame.trades["symbol"], frame.trades["timestamp"] // 1_000
    pairs = set(zip(codes.tolist(), seconds.tolist(), strict=True))
    assert {(frame.symbols.index(p.symbol), p.second // 1_000) for p in found} == pairs


def test_no_trades_give_no_candles() -> None:
    assert partial_candles(random_frame(np.random.default_rng(0), 0)) == []
