"""The tape: by symbol, in the order of time, however the trades came."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from udfs import tape as tapes
from udfs.tape import Tape
from udfs.trades import TRADE
from udfs.windows import NEVER

ORDER = ("symbol", "timestamp", "id_length", "id_high", "id_low", "price", "quantity")
END = 50


def trade(values: tuple[int, ...]) -> NDArray[np.void]:
    found = np.zeros(1, TRADE)
    for name, value in zip(ORDER, values, strict=True):
        found[name] = value
    return found


# Few values, so that trades agree in many of their fields.
FIELDS = [st.integers(0, 3), st.integers(0, 60), *[st.integers(0, 2)] * 5]
TRADES = st.lists(st.tuples(*FIELDS), max_size=80)


def in_order(trades: NDArray[np.void]) -> NDArray[np.void]:
    found: NDArray[np.void] = trades[np.lexsort([trades[name] for name in reversed(ORDER)])]
    return found


def joined(parts: list[NDArray[np.void]]) -> NDArray[np.void]:
    return np.concatenate([np.zeros(0, TRADE), *parts])


def written(trades: NDArray[np.void], codes: list[int]) -> tapes.Packed:
    """As a frame has them, which tells symbols by places in a list of its own."""
    others = np.concatenate([trades[:2], trades, trades[1:]])
    others["symbol"] = [codes.index(code) for code in others["symbol"].tolist()]
    packed = tapes.Packed(tapes.pack(others).trades, np.array(codes).tobytes())
    # Some were left out when they came to the shard, others when they came to the tape.
    packed = packed.without(np.arange(others.size) >= len(trades[:2]))
    return packed.without(np.arange(2 * trades.size - 1) < trades.size) if trades.size else packed


def filled(trades: NDArray[np.void], cuts: list[int], soon_ms: int, passed_ms: int = 0) -> Tape:
    """A tape that got these in several parts, of which it keeps packed what is not of soon."""
    tape = Tape()
    for number, part in enumerate(np.split(trades, sorted(min(cut, trades.size) for cut in cuts))):
        codes = [-1, 3, 1, 0, 2] if number % 2 else [0, 1, 2, 3]
        tape.add(part.copy(), passed_ms, max(soon_ms, passed_ms), written(part, codes))
    return tape


CUTS = st.lists(st.integers(0, 80), max_size=6)
SOON = st.integers(0, 70)


@given(TRADES, CUTS, SOON, st.integers(0, 40))
def test_it_gives_those_before_a_time_in_their_order(
    values: list[tuple[int, ...]], cuts: list[int], soon_ms: int, passed_ms: int
) -> None:
    trades = joined([trade(each) for each in values])
    tape = filled(trades, cuts, soon_ms, passed_ms)
    trades = trades[trades["timestamp"] >= passed_ms]
    over = trades["timestamp"] < END
    assert tape.take(END).tobytes() == in_order(trades[over]).tobytes()
    assert sorted(tapes.unpack(tape.pack()).tolist()) == sorted(trades[~over].tolist())
    assert tape.first == (trades["timestamp"][~over].min() if (~over).any() else NEVER)
    assert tape.take(1_000).tobytes() == in_order(trades[~over]).tobytes()
    assert tape.first == NEVER


@given(TRADES, CUTS, SOON, st.integers(0, 40))
def test_what_is_written_down_of_it_makes_it_again(
    values: list[tuple[int, ...]], cuts: list[int], soon_ms: int, passed_ms: int
) -> None:
    trades = joined([trade(each) for each in values])
    tape = filled(trades, cuts, soon_ms, passed_ms)
    again = Tape(tape.pack())
    assert again.first == tape.first
    assert tapes.unpack(again.pack()).tobytes() == tapes.unpack(tape.pack()).tobytes()
    assert again.take(END).tobytes() == tape.take(END).tobytes()


@given(TRADES, CUTS, SOON, st.booleans())
def test_symbols_are_marked_and_get_other_codes(
    values: list[tuple[int, ...]], cuts: list[int], soon_ms: int, is_again: bool
) -> None:
    trades = joined([trade(each) for each in values])
    tape = filled(trades, cuts, soon_ms)
    if is_again:
        tape = Tape(tape.pack())
    symbols = np.zeros(5, np.bool_)
    tape.mark(symbols)
    assert set(trades["symbol"].tolist()) <= set(np.flatnonzero(symbols).tolist()) <= set(range(4))
    codes = np.array([6, -1, 4, 5])
    if symbols[1]:
        codes[1] = 7
    tape.rename(codes)
    tape.rename(np.arange(8)[::-1])
    trades["symbol"] = 7 - codes[trades["symbol"]]
    assert tape.take(1_000).tobytes() == in_order(trades).tobytes()


@given(st.integers(1, 2_000), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_partitions_that_are_each_nearly_in_order_become_one(
    size: int, parts: int, seed: int
) -> None:
    numbers = np.random.default_rng(seed)
    trades = np.zeros(size, TRADE)
    trades["symbol"] = numbers.integers(0, 5, size)
    trades["timestamp"] = np.sort(numbers.integers(0, END, size)) - numbers.integers(0, 3, size)
    trades["id_low"] = numbers.integers(0, size, size)
    trades = joined([trades[number::parts] for number in range(parts)])
    # Of equals, the first to come is the first.
    trades["row"] = np.arange(size)
    tape = Tape()
    for part in np.array_split(trades, parts):
        tape.add(part, -3, END)
    assert tape.take(END).tobytes() == in_order(trades).tobytes()


@pytest.mark.parametrize("field", ORDER)
def test_each_field_decides_where_those_before_it_are_equal(field: str) -> None:
    rest = len(ORDER) - ORDER.index(field) - 1
    less = [1] * (ORDER.index(field) + 1) + [9] * rest
    more = [1] * ORDER.index(field) + [2] + [0] * rest
    tape = Tape()
    tape.add(joined([trade(tuple(more)), trade(tuple(less))]), 0, END)
    assert tape.take(END)[field].tolist() == [1, 2]


def test_equal_trades_stay_as_they_came() -> None:
    trades = joined([trade((0, 1, 1, 1, 1, 1, 1))] * 3 + [trade((0, 0, 1, 1, 1, 1, 1))])
    trades["row"] = [3, 1, 2, 0]
    tape = Tape()
    tape.add(trades, 0, END)
    assert tape.take(END)["row"].tolist() == [0, 3, 1, 2]


def test_the_little_that_is_left_of_many_waits_on() -> None:
    times = [*range(END), END, END + 5]
    tape = Tape()
    tape.add(joined([trade((0, time, 0, 0, 0, 0, 0)) for time in times]), 0, END)
    assert tape.take(END)["timestamp"].tolist() == times[:END]
    assert tapes.unpack(tape.pack())["timestamp"].tolist() == times[END:]
    assert tape.take(END + 1)["timestamp"].tolist() == [END]
    assert tape.take(END + 9)["timestamp"].tolist() == [END + 5]


@pytest.mark.parametrize("is_written", [False, True])
def test_those_that_come_long_before_the_others_are_taken_once(is_written: bool) -> None:
    trades = np.zeros(200, TRADE)
    trades["timestamp"] = 1_000 + np.arange(200) // 4
    trades["timestamp"][[20, 90, 150]] = 40, 12, 3
    trades["symbol"] = np.arange(200) % 4
    tape = Tape()
    tape.add(trades.copy(), 5, 100, tapes.pack(trades) if is_written else None)
    waiting = trades[trades["timestamp"] >= 5]
    assert tape.first == 12
    again = Tape(tape.pack())
    for each in (tape, again):
        assert each.take(13)["timestamp"].tolist() == [12]
        assert each.first == 40
    over = waiting[(waiting["timestamp"] >= 13) & (waiting["timestamp"] < 1_020)]
    left = waiting[waiting["timestamp"] >= 1_020]
    for each in (tape, again):
        assert each.take(1_020).tobytes() == in_order(over).tobytes()
        assert each.take(2_000).tobytes() == in_order(left).tobytes()
