"""Messages of a form are what ``msgspec`` makes of its struct."""

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from udfs.forms import Chosen, Form, chosen, keyed
from udfs.texts import Texts

KEYS = ("a", 'b"', "ü")


class Shape(msgspec.Struct, tag_field="kind", tag="of_test"):
    name: str
    number: int
    value: float | None
    place: int | None
    values: dict[str, float | None]
    own: str | None
    is_so: bool
    own_too: str | None
    other: str | None
    last: float


class Small(msgspec.Struct):
    value: float


FORM = Form(Shape, values=KEYS)
TEXTS = st.text(max_size=20)
NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1)
ROWS = st.lists(
    st.tuples(
        TEXTS, NUMBERS, st.floats(), st.tuples(*[st.floats()] * len(KEYS)), st.booleans(), TEXTS
    ),
    max_size=20,
)


def none_of_nan(value: float) -> float | None:
    return value if np.isfinite(value) else None


@given(ROWS, st.sampled_from([None, 'te"xt']), st.integers(0, 300))
def test_they_are_written_byte_for_byte(
    rows: list[tuple[str, int, float, tuple[float, ...], bool, str]], other: str | None, more: int
) -> None:
    # Others that no message is about, so that codes need more than a byte.
    texts = ["?"] * more + [row[0] for row in rows]
    names = chosen(texts, more + np.arange(len(rows)))
    found = FORM.write(
        len(rows),
        name=names,
        number=np.array([row[1] for row in rows], np.int64),
        value=np.array([row[2] for row in rows], np.float64),
        place=7,
        values=np.array([row[3] for row in rows], np.float64).reshape(-1, len(KEYS)),
        own=Texts.of([row[5].encode() for row in rows]),
        own_too=Texts.of([row[0].encode() for row in rows]),
        is_so=Chosen([False, True], np.array([row[4] for row in rows], np.bool_)),
        other=other,
        last=np.array([row[2] for row in rows], np.float64)[::-1],
    )
    expected = [
        Shape(
            name,
            number,
            none_of_nan(value),
            7,
            {key: none_of_nan(own) for key, own in zip(KEYS, values, strict=True)},
            own or None,
            is_so,
            name or None,
            other,
            rows[-1 - place][2],
        )
        for place, (name, number, value, values, is_so, own) in enumerate(rows)
    ]
    written = [msgspec.json.encode(each) for each in expected]
    assert list(found) == written
    keys = [row[0].encode() for row in rows]
    assert list(keyed(names, found)) == list(zip(keys, written, strict=True))


def test_a_field_without_a_column_is_left_out() -> None:
    assert list(FORM.write(2, place=np.array([3, -4]), values=np.zeros((2, 3)))) == [
        '{"kind":"of_test","place":%d,"values":{"a":0.0,"b\\"":0.0,"ü":0.0}}'.encode() % place
        for place in (3, -4)
    ]
    assert list(Form(Shape, values=()).write(1, values=np.zeros((1, 0)))) == [
        b'{"kind":"of_test","values":{}}'
    ]
    assert list(Form(Small, rounded=["value"]).write(1, value=np.array([1 / 3]))) == [
        b'{"value":0.333333333333}'
    ]
