from hypothesis import given
from hypothesis import strategies as st

from api.breaker import Breaker


def breaker() -> Breaker:
    return Breaker(failures=3, pause=30.0, most=100.0)


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    one = breaker()
    for failed in (True, True, False, True, True):
        one.failed(0.0) if failed else one.succeeded()
        assert one.state(0.0) == "closed"
    one.failed(5.0)
    assert (one.state(5.0), one.wait(5.0)) == ("open", 30.0)
    assert (one.state(35.0), one.wait(35.0)) == ("half_open", 0.0)


def test_half_open_one_success_closes_it_and_all_is_forgotten() -> None:
    one = breaker()
    for now in (0.0, 0.0, 0.0, 30.0):
        one.failed(now)
    one.succeeded()
    assert one.state(30.0) == "closed"
    one.failed(31.0)
    one.failed(32.0)
    assert one.state(32.0) == "closed"
    one.failed(33.0)
    assert one.wait(33.0) == 30.0


def test_half_open_one_failure_opens_it_for_twice_as_long_up_to_a_bound() -> None:
    one = breaker()
    for _ in range(3):
        one.failed(0.0)
    now, waits = 0.0, []
    for _ in range(4):
        waits.append(one.wait(now))
        now += waits[-1]
        assert one.state(now) == "half_open"
        one.failed(now)
    assert waits == [30.0, 60.0, 100.0, 100.0]


@given(st.lists(st.booleans(), max_size=3_000))
def test_it_is_open_after_a_failure_only_and_never_longer_than_the_most(went: list[bool]) -> None:
    one, now, row = breaker(), 0.0, 0
    for well in went:
        now += one.wait(now)
        one.succeeded() if well else one.failed(now)
        row = 0 if well else row + 1
        assert (one.state(now) == "open") == (row >= 3)
        assert one.wait(now) <= 100.0
