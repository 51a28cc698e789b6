from threading import Event

import pytest

from scripts.sources.pace import CATCH_UP_S, Pace, due, every


class Clock:
    """Time that passes only while one waits, and as the test says."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waited = 0.0
        self.stop = Event()
        self.stop.wait = self._wait  # type: ignore[method-assign,assignment]

    def _wait(self, seconds: float) -> bool:
        self.now += seconds
        self.waited += seconds
        return self.stop.is_set()

    def pace(self, speed: float) -> Pace:
        return Pace(speed, self.stop, lambda: self.now)


@pytest.mark.parametrize("speed", [0.5, 1, 50])
def test_event_time_passes_as_fast_as_asked(speed: float) -> None:
    clock = Clock()
    pace = clock.pace(speed)
    assert all(pace.wait(1_000_000 + 250 * number) for number in range(401))
    assert clock.waited == pytest.approx(100 / speed)
    assert pace.held == pytest.approx(1)
    assert pace.trouble() is None


def test_no_pace_is_no_waiting() -> None:
    clock = Clock()
    pace = clock.pace(0)
    assert pace.wait(0)
    assert pace.wait(10**12)
    assert clock.waited == 0
    assert pace.held is None


def test_time_that_was_lost_is_made_up_for() -> None:
    clock = Clock()
    pace = clock.pace(1)
    pace.wait(0)
    clock.now += 3
    pace.wait(1_000)
    assert pace.trouble() == "cannot hold 1 times: 2.0 s behind"
    pace.wait(10_000)
    assert clock.now == 110
    assert pace.trouble() is None
    assert pace.held == pytest.approx(1)


def test_the_time_a_machine_slept_is_not_raced_through() -> None:
    clock = Clock()
    pace = clock.pace(1)
    pace.wait(0)
    clock.now += 3_600
    pace.wait(1_000)
    pace.wait(1_000 + 1_000 * CATCH_UP_S)
    assert clock.waited == 0
    pace.wait(2_000 + 1_000 * CATCH_UP_S)
    assert clock.waited == pytest.approx(1)
    assert (pace.held or 0) < 0.01


def test_a_source_that_is_too_slow_is_told_so() -> None:
    clock = Clock()
    pace = clock.pace(50)
    for number in range(100):
        assert pace.wait(1_000 * number)
        clock.now += 1 / 25
    assert pace.held == pytest.approx(0.5, rel=0.02)
    assert pace.trouble() == "cannot hold 50 times: 2.0 s behind"


def test_event_times_that_go_back_are_due_at_once() -> None:
    clock = Clock()
    pace = clock.pace(1)
    for event_ms in (0, 5_000, 1_000, 4_000, 6_000):
        assert pace.wait(event_ms)
    assert clock.waited == pytest.approx(6)


def test_it_stops_when_told() -> None:
    clock = Clock()
    pace = clock.pace(1)
    pace.wait(0)
    clock.stop.set()
    assert not pace.wait(1_000)
    assert not clock.pace(0).wait(0)


def test_what_is_made_every_period_is_made_when_it_is_due() -> None:
    clock = Clock()
    made = (clock.now for _ in range(3))
    assert list(every(made, clock.pace(1), 500)) == pytest.approx([100, 100.5, 101])


def test_what_has_a_time_is_given_at_that() -> None:
    clock = Clock()
    given = [(one, clock.now) for one in due([0, 250, 2_000], clock.pace(1), float)]
    assert given == [(0, 100), (250, 100.25), (2_000, 102)]


def test_nothing_is_made_once_it_is_to_stop() -> None:
    clock = Clock()
    made = iter(range(5))
    for paced in (every(made, clock.pace(1), 1), due(made, clock.pace(1), float)):
        next(paced)
        clock.stop.set()
        assert next(paced, None) is None
        clock.stop.clear()
    assert next(made) == 3  # 1 of every, and of due the one that was to wait
