"""Moving windows in bounded memory."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st
from limits import RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter

from api.security.windows import Windows


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.integers(1, 5), st.lists(st.floats(0, 40), max_size=60))
def test_never_more_than_the_limit_in_any_minute_and_never_fewer(
    most: int, steps: list[float]
) -> None:
    clock = Seconds()
    limiter = MovingWindowRateLimiter(Windows(10, clock))
    item = RateLimitItemPerMinute(most)
    taken: deque[float] = deque()
    for step in steps:
        clock.now += step
        recent = [each for each in taken if each > clock.now - 60]
        assert limiter.hit(item, "who") == (len(recent) < most)
        if len(recent) < most:
            taken.append(clock.now)
        stats = limiter.get_window_stats(item, "who")
        recent = [each for each in taken if each > clock.now - 60]
        assert stats.remaining == most - len(recent)
        assert stats.reset_time == recent[0] + 60


def test_a_million_callers_take_the_memory_of_those_that_are_kept() -> None:
    windows = Windows(1_000, Seconds())
    for n in range(1_000_000):
        windows.acquire_entry(str(n), 10, 60)
    assert len(windows) == 1_000
    assert windows.get_moving_window("999999", 10, 60)[1] == 1
    assert not windows.events
    assert not windows.locks


def test_who_asks_is_kept_and_who_asked_longest_ago_is_forgotten() -> None:
    windows = Windows(2, Seconds())
    for who in ("one", "two", "one", "three"):
        windows.acquire_entry(who, 10, 60)
    assert windows.get_moving_window("one", 10, 60)[1] == 2
    assert windows.get_moving_window("two", 10, 60)[1] == 0
