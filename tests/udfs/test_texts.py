"""Texts that stand end to end are those that they were, whatever is behind the last of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from udfs import texts
from udfs.texts import Texts

one = st.binary(max_size=20)
many = st.lists(one, max_size=20)
rests = st.binary(max_size=9)


def written(made: list[bytes], rest: bytes) -> Texts:
    """As a kernel leaves them, in a buffer that has more bytes than it wrote."""
    packed = Texts.of(made)
    return Texts(np.append(packed.data, np.frombuffer(rest, np.uint8)), packed.ends)


@given(many)
def test_texts_come_back_as_they_were(made: list[bytes]) -> None:
    found = Texts.of(made)
    assert list(found) == made
    assert list(found) == made  # and again


@given(many, rests)
def test_what_is_behind_the_last_is_not_seen(made: list[bytes], rest: bytes) -> None:
    found = written(made, rest)
    assert list(found) == made
    assert len(found) == len(made)
    assert found.lengths.tolist() == [len(each) for each in made]
    assert found.whole.tobytes() == b"".join(made)


@given(many, rests, st.data())
def test_some_are_those_of_the_places_in_the_order_of_these(
    made: list[bytes], rest: bytes, data: st.DataObject
) -> None:
    places = data.draw(st.lists(st.sampled_from(range(len(made)))) if made else st.just([]))
    found = written(made, rest).some(np.array(places, np.int64))
    assert list(found) == [made[place] for place in places]


@given(st.lists(st.tuples(many, rests), max_size=5))
def test_together_they_are_one_after_the_other(parts: list[tuple[list[bytes], bytes]]) -> None:
    found = texts.together(written(*part) for part in parts)
    assert list(found) == [each for made, _ in parts for each in made]


@given(st.lists(st.tuples(st.booleans(), one), max_size=20), rests, rests)
def test_in_turn_the_next_is_of_the_side_that_is_told(
    made: list[tuple[bool, bytes]], rest: bytes, other_rest: bytes
) -> None:
    ones = written([each for is_other, each in made if not is_other], rest)
    others = written([each for is_other, each in made if is_other], other_rest)
    is_other = np.array([side for side, _ in made], np.bool_)
    assert list(texts.in_turn(ones, others, is_other)) == [each for _, each in made]
