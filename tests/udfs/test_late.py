import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.makers import NOW_MS, decoded, text, trade, trade_ids
from udfs import frames, late
from udfs.scanner import MAX_NAMES


def test_a_late_trade_keeps_its_fields_and_its_place_in_the_topic() -> None:
    batch = decoded(
        text(trade(timestamp=NOW_MS + 5_000, trade_id="y" * 30)),
        text(trade(timestamp=NOW_MS, trade_id="x" * 20)),
        text(trade(timestamp=NOW_MS + 1, side="sell", trade_id=None, exchange=None)),
    )
    batch.trades["source"] = 65_536 + 3
    batch.trades["offset"] = [10, 11, 12]
    (frame,) = frames.split(batch, 1)
    are_late = np.array([False, True, True])
    found = list(late.messages(frame, are_late, NOW_MS + 2_000, {0: "one", 1: "two"}))
    assert [key for key, _ in found] == [b"BTCUSDT", b"BTCUSDT"]
    place = {"topic": "two", "partition": 3}
    same = {"symbol": "BTCUSDT", "price": 67012.5, "quantity": 0.25}
    assert [json.loads(value) for _, value in found] == [
        {
            **same, **place, "timestamp": NOW_MS, "side": "buy", "trade_id": "x" * 20,
            "exchange": "BINANCE", "lateness": 2_000, "offset": 11,
        },
        {
            **same, **place, "timestamp": NOW_MS + 1, "side": "sell", "trade_id": None,
            "exchange": None, "lateness": 1_999, "offset": 12,
        },
    ]  # fmt: skip


def test_the_last_of_as_many_exchanges_as_can_be_is_told() -> None:
    batch = decoded(text(trade(timestamp=NOW_MS)))
    batch.exchanges[:] = [f"X{n}" for n in range(MAX_NAMES)]
    batch.trades["exchange"] = MAX_NAMES - 1
    (frame,) = frames.split(batch, 1)
    ((_, value),) = late.messages(frame, np.array([True]), NOW_MS, {0: "trades"})
    assert json.loads(value)["exchange"] == f"X{MAX_NAMES - 1}"


@given(st.lists(st.tuples(st.none() | trade_ids, st.booleans()), min_size=1, max_size=8))
def test_ids_are_told_as_they_came(ids: list[tuple[str | None, bool]]) -> None:
    (frame,) = frames.split(decoded(*(text(trade(trade_id=i)) for i, _ in ids)), 1)
    are_late = np.array([is_late for _, is_late in ids])
    found = late.messages(frame, are_late, NOW_MS, {0: "trades"})
    whole = frames.trade_ids(frame)
    told = [json.loads(value)["trade_id"] for _, value in found]
    assert told == [i for i, own in zip(whole, are_late, strict=True) if own]
