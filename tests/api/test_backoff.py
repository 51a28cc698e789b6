from hypothesis import given
from hypothesis import strategies as st

from api.backoff import Backoff

seconds = st.floats(0.001, 1e4)
shares = st.floats(0, 1)


@given(seconds, seconds, shares, st.integers(1, 10_000))
def test_a_wait_is_a_share_of_one_that_doubles_up_to_the_most(
    first: float, most: float, share: float, failures: int
) -> None:
    longest = first
    for _ in range(min(failures - 1, 100)):
        longest = min(2 * longest, most)
    wait = Backoff(first, most, lambda: share).wait(failures)
    assert wait == min(longest, most) * share


@given(seconds, seconds, shares, st.floats(0, 1e9), st.integers(1, 20))
def test_no_less_is_waited_than_was_asked_for_and_never_more_than_the_most(
    first: float, most: float, share: float, asked: float, failures: int
) -> None:
    wait = Backoff(first, most, lambda: share).wait(failures, asked)
    assert min(asked, most) <= wait <= most


def test_jitter_is_drawn_for_each_wait() -> None:
    shares = iter([0.5, 0.25])
    backoff = Backoff(1.0, 60.0, lambda: next(shares))
    assert [backoff.wait(1), backoff.wait(2)] == [0.5, 0.5]
