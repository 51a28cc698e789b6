import json
from typing import Any, NoReturn

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numba import njit

from udfs.grammar import ODD, verdict_on
from udfs.reasons import Reason
from udfs.words import pointer

SEEDS = [
    b'{"symbol":"BTC","price":-1.5e+3,"of":[1,{"side":null}],"is":true}',
    '"\u00e4\u20ac\U0001f4c8"'.encode(),
    b"[{},[ ],false , -0.25E-3]",
    b' { "" : {} } ',
    b"1e999",
]
PIECES = [
    *(bytes([each]) for each in b'{}[]",:-+.019eE tfn\n\\\x00\x7f'),
    *(b"\x80", b"\xbf", b"\xc1", b"\xc2", b"\xe0", b"\xa0", b"\x9f", b"\xed", b"\xf0", b"\xf4"),
    *(b"null", b"NaN", b"-Infinity", b'"\xed\xa0\x80"', b"\xf4\x90\x80\x80"),
]


@njit
def verdict(text):  # type: ignore[no-untyped-def]
    return verdict_on(pointer(text), 0, text.size)


def judged(text: bytes) -> int:
    return int(verdict(np.frombuffer(text, np.uint8)))


def expected(text: bytes) -> int:
    """The verdict of Python's own JSON, with what RFC 8259 does not have refused."""

    def refuse(name: str) -> NoReturn:
        raise ValueError(name)

    try:
        value: Any = json.loads(text.decode(), parse_constant=refuse)
    except UnicodeDecodeError:
        return Reason.INVALID_UTF8
    except ValueError:
        return Reason.INVALID_JSON
    return ODD if isinstance(value, dict) else Reason.NOT_AN_OBJECT


@st.composite
def disturbed(draw: st.DrawFn) -> bytes:
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        left_out = draw(st.integers(0, 4))
        text = text[:at] + draw(st.sampled_from([b"", *PIECES])) + text[at + left_out :]
    return text


@given(disturbed())
@example(b"")
@example(b"-")
@example(b"truefalse")
def test_a_verdict_is_that_of_a_whole_parser_and_few_are_left_open(text: bytes) -> None:
    may_be_open = b"\\" in text or any(byte < 0x20 for byte in text)
    assert judged(text) in ([ODD, expected(text)] if may_be_open else [expected(text)])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_value_that_is_cut_is_no_json(seed: bytes) -> None:
    for end in range(1, len(seed.strip())):
        assert judged(seed.lstrip()[:end]) == expected(seed.lstrip()[:end])


@pytest.mark.parametrize("depth", [1, 60, 61, 10_000])
def test_brackets_are_followed_as_deep_as_there_are_bits(depth: int) -> None:
    is_open = depth > 60
    assert judged(b"[" * depth) == (ODD if is_open else Reason.INVALID_JSON)
    assert judged(b"[" * depth + b"]" * depth) == (ODD if is_open else Reason.NOT_AN_OBJECT)
    assert judged(b'{"a":' * depth + b"[}") == (ODD if depth > 59 else Reason.INVALID_JSON)
