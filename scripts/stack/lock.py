"""One start or stop of a runtime folder at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class BusyError(Exception):
    """Another start or stop is at work."""


@contextmanager
def exclusive(home: Path, wait: bool = True) -> Iterator[None]:
    """Hold the runtime folder; wait for another start or stop of it to be done.

    Raises:
        BusyError: Another is at work, and it is not to be waited for.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                raise BusyError from None
            print(f"another start or stop of {home} is at work, waiting for it", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
