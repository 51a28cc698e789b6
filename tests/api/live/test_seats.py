import contextlib

import pytest

from api.live.seats import Seats, TooManyStreamsError


def test_who_leaves_makes_room_and_is_forgotten() -> None:
    seats = Seats(3, 2)
    with contextlib.ExitStack() as inside:
        for address in ("a", "a", "b"):
            inside.enter_context(seats.through(address))
        with pytest.raises(TooManyStreamsError, match="at most 3 streams of all") as caught:
            inside.enter_context(seats.through("c"))
        assert not caught.value.own
    with seats.through("a"), seats.through("a"):
        with pytest.raises(TooManyStreamsError, match="at most 2 streams of an address") as caught:
            seats.through("a").__enter__()
        assert caught.value.own
    assert not seats._open


def test_one_that_fails_leaves_too() -> None:
    seats = Seats(1, 1)
    with contextlib.suppress(ZeroDivisionError), seats.through("a"):
        raise ZeroDivisionError
    with seats.through("a"):
        pass
