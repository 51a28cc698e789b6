from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.makers import NOW_MS, decoded, text, trade
from udfs import fingerprints, frames, numbered
from udfs.frames import Frame
from udfs.numbered import EPOCH_MS, Numbered


def frame_of(*trades: dict[str, Any]) -> Frame:
    (frame,) = frames.split(decoded(*map(text, trades)), 1)
    return frame


def add(seen: Numbered, frame: Frame, since_ms: int) -> list[bool]:
    _, trades = numbered.of_frame(frame, np.ones(frame.trades.size, np.bool_))
    names = fingerprints.names_of(frame.symbols, frame.exchanges)
    back = numbered.unpack(numbered.pack(trades))
    assert back.tobytes() == trades.tobytes()
    answer: list[bool] = seen.add(back, names, since_ms).tolist()
    return answer


def test_whole_numbers_without_a_zero_in_front_are_numbers() -> None:
    good = ["0", "7", "10", "64", "12345678", "123456789", "9" * 16]
    bad = ["00", "07", "x", "1x", "-1", " 1", "1 ", "1.0", "9" * 17, "0" * 16, "/", ":", "1/", "1:"]
    frame = frame_of(*(trade(trade_id=each) for each in (*good, *bad)), trade(trade_id=None))
    wanted = np.ones(frame.trades.size, np.bool_)
    is_numbered, found = numbered.of_frame(frame, wanted)
    assert is_numbered.tolist() == [True] * len(good) + [False] * (len(bad) + 1)
    assert found["number"].tolist() == [int(each) for each in good]
    wanted[1] = False
    is_numbered, found = numbered.of_frame(frame, wanted)
    assert is_numbered.tolist() == [True, False, *[True] * (len(good) - 2)] + [False] * (
        len(bad) + 1
    )
    assert found["number"].tolist() == [int(each) for each in good if each != good[1]]


ids = st.integers(0, 300) | st.sampled_from([10**9, 10**9 + 63, 10**16 - 1])
trades = st.tuples(
    st.sampled_from("AB"), st.sampled_from(["X", "Y", None]), ids, st.integers(0, 5 * EPOCH_MS)
)


@given(st.lists(st.lists(trades, min_size=1, max_size=40), max_size=8))
def test_it_is_a_set_that_forgets_by_epochs(batches: list[list[tuple[Any, ...]]]) -> None:
    seen, model = Numbered(), dict[tuple[Any, ...], int]()
    start = NOW_MS // EPOCH_MS * EPOCH_MS - 5 * EPOCH_MS
    for number, batch in enumerate(batches):
        since = start + number * EPOCH_MS // 2
        expected = []
        for symbol, exchange, trade_id, after in batch:
            epoch = (start + after) // EPOCH_MS
            key = symbol, exchange, trade_id
            expected.append(model.get(key, -1) < since // EPOCH_MS)
            model[key] = max(epoch, model.get(key, -1)) if not expected[-1] else epoch
            if not expected[-1]:
                model[key] = max(model[key], -1)
        frame = frame_of(
            *(
                trade(symbol=s, exchange=e, trade_id=i, timestamp=start + after)
                for s, e, i, after in batch
            )
        )
        found = add(seen, frame, since)
        for position, (mine, wanted) in enumerate(zip(found, expected, strict=True)):
            assert mine == wanted, position
        if number % 3 == 0:
            seen.expire(since)
        if number % 2 == 0:
            seen = Numbered(seen.held)


def test_a_hundred_thousand_numbers_in_any_order_are_each_new_once() -> None:
    order = np.random.default_rng(1).permutation(100_000).tolist()
    seen = Numbered()
    for first in range(0, len(order), 10_000):
        part = [trade(trade_id=each) for each in order[first : first + 10_000]]
        assert all(add(seen, frame_of(*part), 0))
        assert not any(add(seen, frame_of(*part), 0))
    assert len(seen) == -(-100_000 // 64)
    seen.expire(NOW_MS + EPOCH_MS)
    assert len(seen) == 0
