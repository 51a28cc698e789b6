import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.intake import Intake
from api.records import Candle
from tests.api.harness import candle

GOOD = msgspec.json.encode(candle())


def take(*values: bytes | None) -> tuple[list[Candle], int]:
    taken: list[Candle] = []
    intake = Intake("candles", msgspec.json.Decoder(Candle), taken.extend)
    failures = intake.take(values)
    return taken, failures


@pytest.mark.parametrize(
    "bad",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"\xff",
        GOOD + b"x",
        GOOD.replace(b'"1m"', b'"2m"'),
        GOOD.replace(b"true", b"1"),
        GOOD.replace(b'"trades":7', b'"trades":7.5'),
    ],
)
def test_a_message_against_the_contract_is_counted_and_the_others_are_taken(
    bad: bytes | None,
) -> None:
    assert take(GOOD, bad, GOOD) == ([candle(), candle()], 1)


@given(st.lists(st.binary()))
def test_no_bytes_whatever_stop_the_intake(values: list[bytes]) -> None:
    taken, failures = take(*values)
    assert len(taken) + failures == len(values)


def test_numbers_may_come_in_the_way_of_java() -> None:
    java = GOOD.replace(b'"low":99.5', b'"low":1.0E-5').replace(b'"volume":10.0', b'"volume":10')
    (taken,), _ = take(java)
    assert (taken.low, taken.volume) == (0.00001, 10.0)


def test_fields_that_are_new_do_no_harm() -> None:
    assert take(GOOD[:-1] + b',"spread":1}') == ([candle()], 0)
