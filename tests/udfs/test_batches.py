"""What the JVM hands to Python at once comes apart as the records that went in."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.makers import batch_of
from udfs import batches

numbers = st.integers(-(1 << 63), (1 << 63) - 1)
sources = st.integers(0, (1 << 31) - 1)
records = st.tuples(st.none() | st.binary(max_size=40), numbers, sources, numbers)


@given(st.lists(records, max_size=30), st.integers(0, 8))
def test_a_batch_comes_apart_as_its_records(
    made: list[tuple[bytes | None, int, int, int]], before: int
) -> None:
    # Wherever in memory a batch begins, what it holds is the same.
    memory = np.frombuffer(b"!" * before + batch_of(*made), np.uint8)
    found = batches.unpack(memory[before:])
    assert found.values.type == pa.binary()
    columns = found.times_ms, found.sources, found.offsets
    lists = [found.values.to_pylist(), *(column.tolist() for column in columns)]
    assert list(zip(*lists, strict=True)) == made
    for column in columns:
        assert column.flags.aligned
        assert column.flags.c_contiguous
