from hypothesis import given
from hypothesis import strategies as st

from scripts.exchanges.sequence import MOST_IDS, MOST_RANGES, Sequence

numbers = st.lists(st.integers(0, 30), min_size=1, max_size=60)
TIME = 1_000


@given(numbers)
def test_an_id_is_new_once_and_what_lies_before_the_first_never_is(ids: list[int]) -> None:
    sequence = Sequence()
    # Ids that go with time: no copy is newer than what was there.
    new = [n for n in ids if sequence.take(n, TIME + n).is_new]
    assert new == list(dict.fromkeys(n for n in ids if n >= ids[0]))


@given(numbers)
def test_what_is_missing_is_what_lies_between_and_was_not_there(ids: list[int]) -> None:
    sequence = Sequence()
    gaps = [n for each in ids for n in sequence.take(each, TIME + each).gap]
    missing = set(range(ids[0], max(ids))) - set(ids)
    assert sequence.missing == len(missing)
    assert missing <= set(gaps)
    assert len(set(gaps)) == len(gaps)
    found = set[int]()
    for start in range(32):
        found |= set(sequence.first_missing(range(start, start + 1)) or ())
    assert found == missing


@given(numbers, st.integers(0, 30), st.integers(0, 30))
def test_what_is_given_up_is_missing_no_more(ids: list[int], start: int, stop: int) -> None:
    sequence = Sequence()
    for each in ids:
        sequence.take(each, TIME + each)
    missing = set(range(ids[0], max(ids))) - set(ids)
    given_up = missing & set(range(start, stop))
    assert sequence.give_up(range(start, stop)) == len(given_up)
    assert sequence.missing == len(missing - given_up)
    assert sequence.first_missing(range(start, stop)) is None
    assert all(sequence.take(n, TIME + n).has_filled for n in missing - given_up)
    assert not any(sequence.take(n, TIME + n).is_new for n in given_up)


def test_ids_that_begin_anew_are_known_by_their_time() -> None:
    sequence = Sequence()
    for n in (500, 501, 510):
        sequence.take(n, TIME + n)
    assert not sequence.take(3, TIME + 510).is_new
    anew = sequence.take(3, TIME + 511)
    assert (anew.is_new, anew.has_restarted, anew.given_up) == (True, True, 8)
    assert sequence.take(4, TIME + 512) == (True, False, range(0), 0, False)
    assert (sequence.last, sequence.missing) == (4, 0)


def test_it_begins_after_the_id_that_it_is_given() -> None:
    sequence = Sequence(last=7)
    assert not sequence.take(7, TIME).is_new
    assert list(sequence.take(10, TIME).gap) == [8, 9]


def test_a_gap_that_is_too_long_is_given_up_at_once() -> None:
    sequence = Sequence(last=0)
    taken = sequence.take(MOST_IDS + 2, TIME)
    assert (taken.is_new, taken.given_up, sequence.missing) == (True, MOST_IDS + 1, 0)
    assert sequence.take(MOST_IDS + 4, TIME + 1).given_up == 0


def test_memory_is_bounded_however_many_gaps_there_are() -> None:
    sequence = Sequence(last=0)
    given_up = sum(sequence.take(2 * n, TIME + n).given_up for n in range(1, 2 * MOST_RANGES))
    assert (sequence.missing, given_up) == (MOST_RANGES, MOST_RANGES - 1)
