from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scripts.files.blocks import MESSAGE_BYTES, SPAN_MS, records
from scripts.files.merge import Run
from scripts.files.rows import objects

ROWS = st.lists(
    st.tuples(st.integers(0, 5_000), st.sampled_from([b"A", b"B"]), st.booleans()), max_size=60
)


def run_of(rows: list[tuple[int, bytes, bool]]) -> Run:
    times = np.array([ms for ms, _, _ in rows], np.int64)
    return Run(
        sources=np.zeros(len(rows), np.int64),
        order=np.maximum.accumulate(times) if rows else times,
        times=times,
        keys=objects([key for _, key, _ in rows]),
        values=objects([b"%d" % place for place in range(len(rows))]),
        apart=np.array([apart for _, _, apart in rows], np.bool_),
    )


@given(ROWS, st.integers(1, 9))
def test_packing_keeps_every_row_and_the_order_of_each_symbol(
    rows: list[tuple[int, bytes, bool]], packed: int
) -> None:
    by_key: dict[bytes, list[int]] = defaultdict(list)
    for record in records(run_of(rows), packed, b"\n"):
        places = [int(value) for value in record.value.split(b"\n")]
        assert record.count == len(places) <= packed
        assert record.timestamp_ms == max(rows[place][0] for place in places)
        assert len({rows[place][1] for place in places} | {record.key}) == 1
        assert packed == 1 or len(places) == 1 or not any(rows[place][2] for place in places)
        newest = np.maximum.accumulate([ms for ms, _, _ in rows])[places]
        assert len(set((newest // SPAN_MS).tolist())) == 1 or packed == 1
        by_key[record.key] += [place for place in places if packed == 1 or not rows[place][2]]
    for key, places in by_key.items():
        wanted = [n for n, row in enumerate(rows) if row[1] == key and (packed == 1 or not row[2])]
        assert places == wanted
    made = records(run_of(rows), packed, b"\n")
    assert sorted(int(v) for r in made for v in r.value.split(b"\n")) == list(range(len(rows)))


def test_long_rows_do_not_make_a_message_too_large() -> None:
    run = run_of([(0, b"A", False)] * 9)
    run.values[:] = b"x" * (MESSAGE_BYTES // 2)
    assert [record.count for record in records(run, 9, b"\n")] == [2, 2, 2, 2, 1]
