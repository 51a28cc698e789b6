import dataclasses
from typing import Any

import numpy as np
import pytest

from tests.udfs.makers import NOW_MS, decoded, random_frame, text, trade
from udfs import fingerprints, frames
from udfs.fingerprints import absorb, finish
from udfs.frames import Frame
from udfs.intervals import MINUTE_MS
from udfs.table import MINUTE


def prints(frame: Frame) -> "np.ndarray[tuple[int], np.dtype[np.void]]":
    return fingerprints.of_frame(frame, fingerprints.names_of(frame.symbols, frame.exchanges))


def of(*trades: dict[str, Any]) -> list[tuple[int, int]]:
    (frame,) = frames.split(decoded(*map(text, trades)), 1)
    found = prints(frame)
    return list(zip(found["high"].tolist(), (found["low"] & ~MINUTE).tolist(), strict=True))


@pytest.mark.parametrize(
    "change",
    [{"price": 1}, {"quantity": 2}, {"timestamp": NOW_MS - 5 * MINUTE_MS}, {"side": "sell"}],
)
def test_an_id_stands_for_the_trade_and_without_one_all_of_it_does(change: dict[str, Any]) -> None:
    for trade_id in (7, "x" * 40):
        first, second = of(trade(trade_id=trade_id), trade(trade_id=trade_id, **change))
        assert first == second
    first, second = of(trade(trade_id=None), trade(trade_id=None, **change))
    assert first != second


def test_equal_trades_without_an_id_are_the_same() -> None:
    first, second = of(trade(trade_id=None), trade(trade_id=None))
    assert first == second


@pytest.mark.parametrize("trade_id", [7, "x" * 40, None])
@pytest.mark.parametrize("change", [{"symbol": "ETHUSDT"}, {"exchange": "X"}, {"exchange": None}])
def test_symbol_and_exchange_tell_trades_apart(trade_id: object, change: dict[str, Any]) -> None:
    first, second = of(trade(trade_id=trade_id), trade(trade_id=trade_id, **change))
    assert first != second


def test_ids_that_differ_in_one_byte_or_in_length_differ() -> None:
    ids = [("a" * length)[:at] + "b" * (at < length) for length in range(1, 64) for at in (0, 40)]
    ids = sorted({*ids, *("a" * length for length in range(1, 65)), "0", "00", "\0", "\0\0"})
    found = of(*(trade(trade_id=each) for each in ids))
    assert len(set(found)) == len(ids)


def test_the_same_trade_is_the_same_in_any_frame() -> None:
    frame = random_frame(np.random.default_rng(3), 50)
    alone = [prints(frames.take(frame, np.arange(50) == place)).tolist()[0] for place in range(50)]
    assert prints(frame).tolist() == alone
    renamed = dataclasses.replace(frame, symbols=frame.symbols[::-1])
    renamed.trades["symbol"] = 4 - renamed.trades["symbol"]
    assert prints(renamed).tolist() == alone


def test_the_minute_of_the_trade_stands_in_its_fingerprint() -> None:
    frame = random_frame(np.random.default_rng(3), 50, span_ms=1_000_000)
    minutes = (prints(frame)["low"] & MINUTE).tolist()
    assert minutes == (frame.trades["timestamp"] // MINUTE_MS).tolist()


def test_the_hash_is_murmur3() -> None:
    """A reference in plain integers, and the vector that everybody has of the empty text."""
    mask = 2**64 - 1

    def rotated(x: int, left: int) -> int:
        return (x << left | x >> (64 - left)) & mask

    def finished(x: int) -> int:
        x = (x ^ x >> 33) * 0xFF51AFD7ED558CCD & mask
        x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53 & mask
        return x ^ x >> 33

    def unsigned(words: tuple[int, int]) -> tuple[int, int]:
        return words[0] & mask, words[1] & mask

    high = low = 0
    numbers = np.random.default_rng(4).integers(0, 2**63, (5, 2)).tolist()
    state = 0, 0
    for x, y in numbers:
        state = unsigned(absorb(*map(np.uint64, (*state, x, y))))
        high ^= rotated(x * 0x87C37B91114253D5 & mask, 31) * 0x4CF5AD432745937F & mask
        high = ((rotated(high, 27) + low) * 5 + 0x52DCE729) & mask
        low ^= rotated(y * 0x4CF5AD432745937F & mask, 33) * 0x87C37B91114253D5 & mask
        low = ((rotated(low, 31) + high) * 5 + 0x38495AB5) & mask
    high, low = high ^ 80, low ^ 80
    high = (high + low) & mask
    low = (low + high) & mask
    high, low = finished(high), finished(low)
    high = (high + low) & mask
    low = (low + high) & mask
    assert unsigned(finish(*map(np.uint64, state), 80)) == (high, low)
    assert unsigned(finish(np.uint64(0), np.uint64(0), 0)) == (0, 0)
