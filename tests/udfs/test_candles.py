import json
import math
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.makers import random_frame
from udfs import candles, sums
from udfs.candles import Candles
from udfs.frames import Frame, trade_ids
from udfs.scanner import BUY

seeds = st.integers(0, 2**32 - 1)
_UNITS = [Fraction(2) ** power for power in (8, -36, -80)]


def limbs_of(found: Candles, name: str) -> list[tuple[int, ...]]:
    return list(zip(*(found.rows[f"{name}_{limb}"].tolist() for limb in range(3)), strict=True))


def published(frame: Frame) -> list[dict[str, object]]:
    rows = candles.of_frame(frame).rows
    return [json.loads(value) for _, value in candles.messages(rows, frame.symbols, 7)]


@given(seeds, st.integers(1, 400), st.integers(1, 200_000))
def test_a_candle_of_a_second_is_what_its_trades_say(seed: int, n: int, span_ms: int) -> None:
    frame = random_frame(np.random.default_rng(seed), n, span_ms=span_ms)
    trades, ids = frame.trades, [(i or "").encode() for i in trade_ids(frame)]
    found = published(frame)
    assert len({(c["symbol"], c["start"]) for c in found}) == len(found)
    assert sum(c["trades"] for c in found) == n  # type: ignore[misc]
    for c in found:
        of_symbol = trades["symbol"] == frame.symbols.index(str(c["symbol"]))
        places = np.flatnonzero(of_symbol & (trades["timestamp"] // 1_000 * 1_000 == c["start"]))
        mine = trades[places]
        order = sorted(
            (time, len(ids[place]), ids[place], price)
            for place, time, price in zip(
                places, mine["timestamp"].tolist(), mine["price"].tolist(), strict=True
            )
        )
        quantity = mine["quantity"]
        volume, notional = math.fsum(quantity), math.fsum(mine["price"] * quantity)
        assert c == {
            "symbol": c["symbol"],
            "interval": "1s",
            "start": c["start"],
            "end": c["start"] + 1_000,  # type: ignore[operator]
            "open": order[0][-1],
            "high": mine["price"].max(),
            "low": mine["price"].min(),
            "close": order[-1][-1],
            "volume": volume,
            "notional": notional,
            "vwap": notional / volume,
            "trades": mine.size,
            "buy_volume": math.fsum(quantity[mine["side"] == BUY]),
            "final": False,
            "revision": 0,
            "updated_at": 7,
        }


def test_the_key_of_a_message_is_symbol_and_interval() -> None:
    frame = random_frame(np.random.default_rng(1), 1, symbols=1)
    ((key, _),) = candles.messages(candles.of_frame(frame).rows, ["Ä/B"], 0)
    assert json.loads(key) == {"symbol": "Ä/B", "interval": "1s"}


@given(st.lists(st.floats(1e-15, 1e18), min_size=1, max_size=50))
def test_limbs_add_up_to_the_exact_sum(quantities: list[float]) -> None:
    frame = random_frame(np.random.default_rng(0), len(quantities), symbols=1, span_ms=1)
    frame.trades["quantity"] = quantities
    (limbs,) = limbs_of(candles.of_frame(frame), "volume")
    exact = sum(map(Fraction, quantities))
    found = sum(n * unit for n, unit in zip(limbs, _UNITS, strict=True))
    assert 0 <= exact - found < Fraction(len(quantities), 2**80)
    assert all(0 <= limb < 2**sums.LIMB_BITS for limb in limbs[1:])


def test_many_symbols_and_seconds_have_a_candle_each() -> None:
    frame = random_frame(np.random.default_rng(1), 20_000, symbols=3_000, span_ms=60_000)
    found = candles.of_frame(frame).rows
    codes, seconds = frame.trades["symbol"], frame.trades["timestamp"] // 1_000
    pairs = set(zip(codes.tolist(), seconds.tolist(), strict=True))
    assert set(zip(found["symbol"].tolist(), (found["start"] // 1_000).tolist(), strict=True)) == (
        pairs
    )


@given(seeds, st.integers(0, 100))
def test_packing_loses_nothing(seed: int, n: int) -> None:
    given_candles = candles.of_frame(random_frame(np.random.default_rng(seed), n))
    back = candles.unpack(candles.pack(given_candles))
    assert back.rows.tobytes() == given_candles.rows.tobytes()
    if given_candles.ids.any():
        assert np.array_equal(back.ids, given_candles.ids)
