import heapq
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from scripts.files.blocks import BLOCK_ROWS, blocks
from scripts.files.merge import Start, merged
from scripts.files.rows import NO_TIME
from tests.scripts.files.makers import Listed, merge, sent

TIMES = st.lists(st.one_of(st.integers(0, 50), st.just(NO_TIME)), max_size=40)
FILES = st.lists(TIMES, min_size=1, max_size=5)


def listed(files: list[list[int]]) -> list[Listed]:
    return [Listed(f"{number}:", times) for number, times in enumerate(files)]


def plainly(files: list[list[int]]) -> list[bytes]:
    """The same by a heap, row by row."""
    rows = (
        [(newest, number, row) for row, newest in enumerate(accumulate(times, max))]
        for number, times in enumerate(files)
    )
    return [f"{number}:{row}".encode() for _, number, row in heapq.merge(*rows)]


@given(FILES, st.integers(1, 50))
def test_rows_come_in_the_order_of_time_however_they_are_cut(
    files: list[list[int]], batch_rows: int
) -> None:
    runs = list(merged(listed(files), [Start()] * len(files), batch_rows))
    assert sent(runs) == plainly(files)
    order = [int(ms) for run in runs for ms in run.order]
    assert order == sorted(order)


@given(FILES, st.integers(1, 10), st.data())
def test_a_merge_goes_on_from_anywhere(
    files: list[list[int]], batch_rows: int, data: st.DataObject
) -> None:
    whole = plainly(files)
    count = data.draw(st.integers(0, len(whole)))
    rows = [sum(v.startswith(b"%d:" % n) for v in whole[:count]) for n in range(len(files))]
    starts = [
        Start(row, max(times[:row], default=NO_TIME))
        for row, times in zip(rows, files, strict=True)
    ]
    assert sent(list(merged(listed(files), starts, batch_rows))) == whole[count:]


def test_a_row_without_a_time_has_that_of_its_file_so_far() -> None:
    (run,) = merge([Listed("", [NO_TIME, 5, NO_TIME, 3])])
    assert run.times.tolist() == [NO_TIME, 5, 5, 3]
    assert run.order.tolist() == [NO_TIME, 5, 5, 5]


def test_only_files_that_overlap_are_open_at_once() -> None:
    opened: list[str] = []

    class Noted(Listed):
        def read(self, first, batch_rows):  # type: ignore[no-untyped-def]
            if batch_rows > 1:
                opened.append(self._name)
            return super().read(first, batch_rows)

    days = [Noted(f"{day}", range(day * 100, day * 100 + 100)) for day in range(9)]
    runs = merged(days, [Start()] * 9, 10)
    for _ in range(5):
        next(runs)
    assert opened == ["0"]


@given(st.lists(st.integers(0, 9_000), max_size=9), st.sampled_from([0, 7, 100]))
def test_blocks_are_the_same_however_runs_were_cut(sizes: list[int], span_ms: int) -> None:
    (whole,) = merged([Listed("", range(30_000))], [Start()], 30_000)
    edges = [0, *accumulate(sizes)]
    runs = [whole[a:b] for a, b in pairwise(edges)]
    cut = list(blocks(runs, span_ms))
    assert sent(cut) == sent([whole[: min(edges[-1], 30_000)]])
    assert all(0 < len(block) <= BLOCK_ROWS for block in cut)
    if span_ms:
        assert all(len(set((block.order // span_ms).tolist())) == 1 for block in cut)
