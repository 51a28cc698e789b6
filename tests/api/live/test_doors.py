import contextlib

import pytest

from api.live.doors import Doors, TooManyStreamsError


def test_who_leaves_makes_room_and_is_forgotten() -> None:
    doors = Doors(3, 2)
    with contextlib.ExitStack() as inside:
        for address in ("a", "a", "b"):
            inside.enter_context(doors.through(address))
        with pytest.raises(TooManyStreamsError, match="at most 3 streams of all") as caught:
            inside.enter_context(doors.through("c"))
        assert not caught.value.own
    with doors.through("a"), doors.through("a"):
        with pytest.raises(TooManyStreamsError, match="at most 2 streams of an address") as caught:
            doors.through("a").__enter__()
        assert caught.value.own
    assert not doors._open


def test_one_that_fails_leaves_too() -> None:
    doors = Doors(1, 1)
    with contextlib.suppress(ZeroDivisionError), doors.through("a"):
        raise ZeroDivisionError
    with doors.through("a"):
        pass
