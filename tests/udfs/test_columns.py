from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from udfs import columns

RECORD = np.dtype(
    [("price", "f8"), ("time", "i8"), ("count", "i4"), ("code", "i2"), ("side", "u1"), ("x", "u1")]
)
FIELDS = columns.fields_of(RECORD)

decimals = st.builds(
    lambda digits, places: digits / 10**places,
    st.integers(-(10**17), 10**17),
    st.integers(0, 12),
)
records = st.lists(
    st.tuples(
        decimals | st.floats(),
        st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3),
        st.integers(-(2**31), 2**31 - 1) | st.integers(-1, 70_000),
        st.integers(-1, 400),
        st.integers(0, 255),
        st.just(7),
    ),
    min_size=1,
    max_size=30,
)


def back(rows: NDArray[np.void], fields: NDArray[np.int64] = FIELDS) -> NDArray[np.void]:
    how, data = columns.encode(rows, fields)
    data.setflags(write=False)  # as the bytes of a message are
    return columns.decode(how, data, rows.size, fields, rows.dtype)


@given(records)
def test_records_come_back_to_the_last_bit(rows: list[tuple[float, ...]]) -> None:
    before = np.array(rows, RECORD)
    assert back(before).tobytes() == before.tobytes()


@given(records, st.integers(1, 3 * columns._BLOCK), records)
def test_so_do_those_of_several_blocks(
    first: list[tuple[float, ...]], size: int, last: list[tuple[float, ...]]
) -> None:
    before = np.concatenate([np.resize(np.array(first, RECORD), size), np.array(last, RECORD)])
    assert back(before).tobytes() == before.tobytes()


@given(st.lists(decimals, min_size=1, max_size=30))
@example([-0.0])
@example([2.0**50, 0.5])
@example([2.5e14, 1e-05])
def test_decimals_come_back_to_the_last_bit(prices: list[float]) -> None:
    before = np.zeros(len(prices), RECORD)
    before["price"] = prices
    assert back(before).tobytes() == before.tobytes()


@pytest.mark.parametrize(
    ("first", "last", "size"),
    [
        (101.5, 101.25, 1),
        (101.5, -101.5, 2),
        (101.5, float(np.pi), 8),
        (101.5, -0.0, 8),
        (101.5, 2.0**50, 8),
        # Each is a decimal, but not with as many digits as the other has need of.
        (2.5e14, 1e-05, 8),
        (-2.5e14, 1e-05, 8),
    ],
)
def test_a_later_block_may_need_other_decimals(first: float, last: float, size: int) -> None:
    before = np.zeros(2 * columns._BLOCK, RECORD)
    before["price"] = first
    before["price"][columns._BLOCK :] = last
    assert columns.encode(before, FIELDS)[1].size == size * before.size
    assert back(before).tobytes() == before.tobytes()


def size_of(**values: Sequence[float]) -> int:
    rows = np.zeros(8, RECORD)
    for name, column in values.items():
        rows[name] = column
    return columns.encode(rows, FIELDS)[1].size


def test_a_column_takes_the_bytes_that_the_span_of_its_values_needs() -> None:
    far = 2**40
    assert size_of(time=[far] * 8) == 0
    for span, width in (255, 1), (256, 2), (65_535, 2), (65_536, 4), (2**32, 8):
        assert size_of(time=[far] * 7 + [far + span]) == 8 * width


def test_prices_take_the_bytes_of_their_last_digits() -> None:
    prices = [101.25, 101.5, 101.27, 101.0, 101.01, 100.99, 103.3, 101.11]
    assert size_of(price=prices) == 8
    assert size_of(price=[*prices[:7], float(np.pi)]) == 64


def test_a_field_left_out_is_zero() -> None:
    rows = np.zeros(3, RECORD)
    rows["code"] = rows["side"] = [1, 2, 3]
    after = back(rows, columns.fields_of(RECORD, "code"))
    assert after["code"].tolist() == [0, 0, 0]
    assert after["side"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("kind", ["f4", "S4"])
def test_a_field_that_is_no_column_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="no column can be made of odd"):
        columns.fields_of(np.dtype([("odd", kind)]))


@pytest.mark.parametrize("change", [-8, 8])
def test_bytes_that_do_not_fit_are_refused(change: int) -> None:
    rows = np.zeros(8, RECORD)
    rows["time"] = range(8)
    how, data = columns.encode(rows, FIELDS)
    with pytest.raises(ValueError, match="8 records do not have"):
        columns.decode(how, np.resize(data, data.size + change), 8, FIELDS, RECORD)
