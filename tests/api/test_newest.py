from hypothesis import given
from hypothesis import strategies as st

from api.newest import Newest

numbers = st.lists(st.integers(0, 30))


@given(numbers, st.integers(1, 10))
def test_the_newest_are_kept_newest_first(read: list[int], limit: int) -> None:
    newest = Newest[int](limit, lambda n: n)
    newest.put(dict.fromkeys(read))
    assert newest.newest() == list(dict.fromkeys(read))[::-1][:limit]


@given(numbers)
def test_what_is_read_again_counts_once_and_the_newest_of_it(read: list[int]) -> None:
    newest = Newest[tuple[int, str]](100, lambda item: item[0])
    newest.put((n, "first") for n in read)
    newest.put((n, "second") for n in read)
    assert newest.newest() == [(n, "second") for n in reversed(dict.fromkeys(read))]
    assert len(newest) == len(set(read))
