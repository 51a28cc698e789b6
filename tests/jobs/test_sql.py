import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.sql import interval


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 00:00:00.000"),
        (1, "0 00:00:00.001"),
        (999, "0 00:00:00.999"),
        (1_000, "0 00:00:01.000"),
        (60_000, "0 00:01:00.000"),
        (3_600_000, "0 01:00:00.000"),
        (86_400_000, "1 00:00:00.000"),
        (86_399_999, "0 23:59:59.999"),
        (2 * 86_400_000 + 3 * 3_600_000 + 4 * 60_000 + 5_006, "2 03:04:05.006"),
    ],
)
def test_milliseconds_are_spelt_in_days_to_seconds(ms: int, text: str) -> None:
    assert interval(ms) == f"INTERVAL '{text}' DAY TO SECOND(3)"


@pytest.mark.parametrize(("days", "digits"), [(100, 3), (3_650, 4)])
def test_many_days_are_given_the_digits_they_need(days: int, digits: int) -> None:
    text = f"INTERVAL '{days} 00:00:00.000' DAY({digits}) TO SECOND(3)"
    assert interval(days * 86_400_000) == text


@given(st.integers(0, 99 * 86_400_000))
def test_no_millisecond_is_lost(ms: int) -> None:
    days, clock = interval(ms).split("'")[1].split(" ")
    hours, minutes, seconds = clock.split(":")
    assert int(hours) < 24
    assert int(minutes) < 60
    whole_minutes = (int(days) * 24 + int(hours)) * 60 + int(minutes)
    assert whole_minutes * 60_000 + int(seconds.replace(".", "")) == ms
