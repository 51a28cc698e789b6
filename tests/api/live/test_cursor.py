import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.live.cursor import BadCursorError, read_cursor, write_cursor
from api.live.update import Place

positions = st.dictionaries(
    st.builds(Place, st.sampled_from(["candles", "book", "alerts"]), st.integers(0, 20)),
    st.integers(0, 2**63 - 1),
)


@given(positions, st.sets(st.sampled_from(["candles", "book"]), min_size=1))
def test_a_cursor_says_what_it_was_made_of(positions: dict[Place, int], kinds: set[str]) -> None:
    cursor = read_cursor(write_cursor(positions, kinds).decode())  # type: ignore[arg-type]
    assert cursor.offsets.keys() == kinds
    for place, offset in positions.items():
        if place.kind in kinds:
            assert cursor.offsets[place.kind][place.partition] == offset
    assert sum(sum(own) for own in cursor.offsets.values()) == sum(
        offset for place, offset in positions.items() if place.kind in kinds
    )


@given(st.text())
def test_no_text_is_more_than_refused(text: str) -> None:
    for each in (text, f"1{text}"):
        with contextlib.suppress(BadCursorError):
            read_cursor(each)


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "x", "2kYA", "1!!!!", "1" + "A" * 20_000),
        "1kYGnY2FuZGxlc5H_",  # an offset below 0
        "1kYGlb3RoZXKRAQ",  # a kind that does not exist
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadCursorError):
        read_cursor(text)
