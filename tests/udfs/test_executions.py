"""Which FIX messages are trades, and what they say."""

from typing import Any

import numpy as np
import pytest

from tests.fix_reference import make, micros
from tests.udfs.makers import column
from udfs import executions, fix, frames
from udfs.rejects import Reject
from udfs.scanner import BUY, OLDEST_MS, SELL
from udfs.trades import Batch

TIME = "20260102-03:04:05.678"
NOW_MS = micros(TIME.encode()) // 1_000
FILL: dict[int, object] = {
    **{35: "8", 49: "VENUE", 56: "ME", 34: 7, 52: "20260102-03:04:06", 37: "venue-1", 17: "exec-1"},
    **{20: 0, 150: 2, 39: 2, 55: "BTC-USD", 54: 1, 31: "101.25", 32: 3, 151: 0, 14: 3, 6: 101.25},
    **{60: TIME, 30: "XNAS"},
}


def fill(*without: int, **changes: object) -> bytes:
    """The report of a fill, without some fields, or with others: ``t31=5``."""
    fields = {**FILL, **{int(name[1:]): value for name, value in changes.items()}}
    return make(*((tag, value) for tag, value in fields.items() if tag not in without))


def split(*records: bytes) -> tuple[Batch, list[int], list[Reject]]:
    """The trades, the rows of messages that are valid and none, and the rejects."""
    (messages,) = fix.decode(column(*records))
    assert not messages.rejects
    n = len(records)
    times, sources = np.full(n, NOW_MS), np.arange(100, 100 + n, dtype=np.int32)
    batch, is_valid, is_trade, rejects = executions.of_messages(
        messages, executions.times_ms_of(messages), times, sources, np.arange(n), 1_000
    )
    return batch, messages.places[is_valid & ~is_trade, 0].tolist(), list(rejects)


def trades(batch: Batch) -> list[tuple[Any, ...]]:
    (frame,) = frames.split(batch, 1)
    codes = frame.trades["exchange"].tolist()
    exchanges = [frame.exchanges[code] if code >= 0 else None for code in codes]
    values = frame.trades[["timestamp", "price", "quantity", "side", "source", "offset"]].tolist()
    names = [frame.symbols[trade["symbol"]] for trade in frame.trades]
    return list(zip(names, values, frames.trade_ids(frame), exchanges, strict=True))


def test_a_fill_is_a_trade_with_all_that_it_says() -> None:
    batch, others, rejects = split(fill())
    values = (NOW_MS, 101.25, 3.0, BUY, 100, 0)
    assert trades(batch) == [("BTC-USD", values, "exec-1", "XNAS")]
    assert (others, rejects) == ([], [])


def test_what_is_left_out_is_taken_from_elsewhere_or_is_not_there() -> None:
    batch, _, _ = split(fill(60, 30))
    ((_, (timestamp, *_), _, exchange),) = trades(batch)
    assert (timestamp, exchange) == (NOW_MS + 322, None)


@pytest.mark.parametrize("kind", "12F")
def test_each_kind_of_fill_is_a_trade(kind: str) -> None:
    assert split(fill(t150=kind))[0].trades.size == 1


@pytest.mark.parametrize("changes", [{"t150": k} for k in "03456789ABCDE"] + [{"t20": 3}])
def test_other_reports_are_none(changes: dict[str, object]) -> None:
    batch, others, rejects = split(fill(**changes), fill())
    assert (batch.trades["row"].tolist(), others, rejects) == ([1], [0], [])


@pytest.mark.parametrize("side", range(1, 10))
def test_what_was_bought_is_bought_and_all_else_is_sold(side: int) -> None:
    expected = BUY if side in (1, 3) else SELL
    assert split(fill(t54=side))[0].trades["side"].tolist() == [expected]


FAULTS: list[tuple[bytes, str, int]] = [
    (fill(31), "missing_tag", 31),
    (fill(32), "missing_tag", 32),
    (fill(t31="0"), "invalid_price", 31),
    (fill(t31="-1"), "invalid_price", 31),
    (fill(t31="1" + "0" * 400), "invalid_price", 31),
    (fill(t32="0"), "invalid_quantity", 32),
    (fill(t31="1" + "0" * 15, t32="1" + "0" * 15), "invalid_notional", 32),
    (fill(t44="1" + "0" * 15, t38="1" + "0" * 15), "invalid_notional", 38),
    (fill(t55="A" * 33), "invalid_symbol", 55),
    (fill(t55=b"\xff"), "invalid_symbol", 55),
    (fill(t60="19991231-23:59:59"), "timestamp_too_old", 60),
    (fill(t60="20260102-03:04:07"), "timestamp_ahead", 60),
    (fill(t17="x" * 65), "invalid_trade_id", 17),
    (fill(t17=b"\xc3"), "invalid_trade_id", 17),
    (fill(t30="x" * 33), "invalid_exchange", 30),
    (fill(t30=b"\xc3"), "invalid_exchange", 30),
    (fill(t20=1), "unsupported_execution", 20),
    (fill(t20=2), "unsupported_execution", 20),
]


@pytest.mark.parametrize(("record", "reason", "tag"), FAULTS)
def test_a_fill_that_cannot_be_a_trade_is_rejected(record: bytes, reason: str, tag: int) -> None:
    batch, others, rejects = split(fill(), fill() + record, fill())
    assert [(r.row, r.index, r.reason.code, r.field, r.payload) for r in rejects] == [
        (1, 1, reason, tag, record)
    ]
    assert batch.trades["row"].tolist() == [0, 1, 2]
    assert others == []


def test_names_may_be_of_any_script() -> None:
    batch, _, rejects = split(fill(t55="株式", t17="№ 7", t30="東証"))
    assert rejects == []
    ((symbol, _, trade_id, exchange),) = trades(batch)
    assert (symbol, trade_id, exchange) == ("株式", "№ 7", "東証")


def test_no_time_is_before_the_oldest() -> None:
    assert fix.NO_TIME // 1_000 < OLDEST_MS
