import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.makers import decoded, text, trade, trade_ids, trades
from udfs import columns, frames
from udfs.shards import shard_of
from udfs.trades import TRADE


def contents(*parts: frames.Frame) -> list[tuple[object, ...]]:
    return sorted(
        (part.symbols[t["symbol"]], t["timestamp"], t["price"], t["quantity"], t["side"], str(i))
        for part in parts
        for t, i in zip(part.trades, frames.trade_ids(part), strict=True)
    )


def written(frame: frames.Frame) -> bytes:
    """The trades as they come back from how they are written down."""
    packed, kept = frames.columns_of(frame)
    trades = columns.unpack(packed, frames.FIELDS, TRADE)
    return (trades if kept is None else trades[kept]).tobytes()


@given(st.lists(trades, min_size=1, max_size=20), st.integers(1, 5))
def test_frames_hold_every_trade_once_each_in_the_shard_of_its_symbol(
    valid: list[dict[str, object]], shards: int
) -> None:
    parts = frames.split(decoded(*map(text, valid)), shards)
    whole = frames.split(decoded(*map(text, valid)), 1)
    assert contents(*parts) == contents(*whole)
    for part in parts:
        assert {shard_of(symbol, shards) for symbol in part.symbols} == {part.shard}
    assert len({part.shard for part in parts}) == len(parts)


@given(st.lists(trades, min_size=1, max_size=10), st.integers(1, 3), st.booleans())
def test_bytes_give_the_frame_back(
    valid: list[dict[str, object]], shards: int, crossed: bool
) -> None:
    batch = decoded(*map(text, valid))
    counts = dict(zip(batch.symbols, range(len(batch.symbols)), strict=True)) if crossed else {}
    batch = dataclasses.replace(batch, crossed=tuple(counts.values()))
    for part in frames.split(batch, shards):
        assert part.crossed == tuple(counts[symbol] for symbol in part.symbols if crossed)
        back = frames.unpack(frames.pack(part))
        part.trades["row"] = 0  # of use to the decoder only
        assert back.trades.tobytes() == part.trades.tobytes()
        assert written(back) == written(part) == part.trades.tobytes()
        assert (back.shard, back.symbols, back.exchanges, back.long_ids, back.crossed) == (
            part.shard,
            part.symbols,
            part.exchanges,
            part.long_ids,
            part.crossed,
        )


@given(st.lists(st.none() | trade_ids | st.integers(), max_size=8))
def test_trade_ids_come_back_whole(ids: list[str | int | None]) -> None:
    messages = [text(trade(trade_id=i)) for i in ids]
    if not messages:
        return
    (part,) = frames.split(decoded(*messages), 1)
    assert sorted(map(str, frames.trade_ids(part))) == sorted(map(str, ids))


@given(st.lists(st.tuples(st.none() | trade_ids, st.booleans()), min_size=1, max_size=8))
def test_trades_are_taken_with_their_ids(ids: list[tuple[str | None, bool]]) -> None:
    (part,) = frames.split(decoded(*(text(trade(trade_id=i)) for i, _ in ids)), 1)
    whole = frames.trade_ids(part)
    wanted = np.array([w for _, w in ids])
    part.trades["row"] = 0
    taken = frames.take(frames.unpack(frames.pack(part)), wanted)
    assert taken.trades.tobytes() == written(taken) == part.trades[wanted].tobytes()
    assert frames.trade_ids(taken) == [i for i, w in zip(whole, wanted, strict=True) if w]


def test_a_frame_begins_with_its_shard_in_four_digits() -> None:
    (part,) = frames.split(decoded(text(trade())), 9999)
    assert int(frames.pack(part)[: frames.KEY_BYTES]) == part.shard == shard_of("BTCUSDT", 9999)


def test_no_trades_give_no_frames() -> None:
    assert frames.split(decoded(b"?"), 4) == []


@pytest.mark.parametrize("cut", [0, 10, -1])
def test_bytes_that_are_no_frame_are_refused(cut: int) -> None:
    (part,) = frames.split(decoded(text(trade())), 1)
    with pytest.raises(ValueError, match="frame"):
        frames.unpack(frames.pack(part)[:cut])


def test_a_frame_of_another_version_is_refused() -> None:
    (part,) = frames.split(decoded(text(trade())), 1)
    data = bytearray(frames.pack(part))
    data[frames.KEY_BYTES] += 1
    with pytest.raises(ValueError, match=f"version {frames.VERSION}, got {frames.VERSION + 1}"):
        frames.unpack(bytes(data))


def test_the_shard_of_a_symbol_never_changes() -> None:
    # Keyed state is found by it: another value would lose what a savepoint holds.
    assert [shard_of(s, 16) for s in ("BTCUSDT", "ETHUSDT", "é")] == [3, 12, 14]


def test_shards_are_about_equally_full() -> None:
    counts = np.bincount([shard_of(f"SYM{i}", 16) for i in range(10_000)], minlength=16)
    assert counts.min() > 500
