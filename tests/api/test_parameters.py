from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.parameters import EPOCH, parse_time

moments = st.datetimes(
    min_value=datetime(1971, 1, 1),  # noqa: DTZ001 - hypothesis wants its bounds without a zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda n: timezone(timedelta(minutes=n))),
)


@given(moments.map(lambda each: each.replace(microsecond=each.microsecond // 1000 * 1000)))
def test_a_time_is_the_same_in_ms_and_in_any_offset(moment: datetime) -> None:
    milliseconds = (moment - EPOCH) // timedelta(milliseconds=1)
    assert parse_time(str(milliseconds)) == milliseconds
    assert parse_time(moment.isoformat()) == milliseconds
    assert parse_time(moment.isoformat().replace("+", " ")) == milliseconds
    zulu = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert parse_time(zulu) == milliseconds


@pytest.mark.parametrize("text", ["", "x", "1.5", "2026-13-01T00:00:00Z", "12:00", "NaN", "٣"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_time(text)


def test_a_time_without_an_offset_is_refused_because_it_is_no_moment() -> None:
    with pytest.raises(ValueError, match="offset from UTC"):
        parse_time("2026-01-01T00:00:00")
