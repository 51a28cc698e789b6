import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.dead_letters import KEPT_PAYLOAD, DeadLetters, count_reasons, shown
from tests.api.harness import dead_letter

offsets = st.lists(st.integers(0, 30))


@given(offsets, st.integers(1, 10))
def test_the_newest_are_kept_newest_first(read: list[int], limit: int) -> None:
    letters = DeadLetters(limit)
    letters.put(dead_letter(offset) for offset in dict.fromkeys(read))
    assert [each.offset for each in letters.newest()] == list(dict.fromkeys(read))[::-1][:limit]


@given(offsets)
def test_reading_the_topic_again_counts_nothing_twice(read: list[int]) -> None:
    letters = DeadLetters(100)
    letters.put(map(dead_letter, read))
    before = letters.newest()
    letters.put(map(dead_letter, read))
    assert letters.newest() == before
    assert len(letters) == len(set(read))


def test_a_long_payload_is_cut_where_its_base64_still_decodes() -> None:
    letters = DeadLetters(1)
    long = dead_letter()
    long.payload = "A" * (KEPT_PAYLOAD + 4)
    letters.put([long])
    assert len(letters.newest()[0].payload) == KEPT_PAYLOAD
    assert KEPT_PAYLOAD % 4 == 0


def test_reasons_are_counted_most_frequent_first() -> None:
    letters = [dead_letter(0, "a"), dead_letter(1, "b"), dead_letter(2, "b")]
    assert list(count_reasons(letters).items()) == [("b", 2), ("a", 1)]


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b'{"symbol":', '{"symbol":'),
        (b"8=FIX.4.2\x019=5\x01", "8=FIX.4.2|9=5|"),
        (b"\xff\x00", "\ufffd\x00"),
        (b"", ""),
    ],
)
def test_a_payload_is_shown_as_people_read_it(payload: bytes, text: str) -> None:
    letter = dead_letter()
    letter.payload = base64.b64encode(payload).decode()
    assert shown(letter).text == text


def test_a_payload_that_is_no_base64_is_shown_empty() -> None:
    letter = dead_letter()
    letter.payload = "A"
    assert shown(letter).text == ""
