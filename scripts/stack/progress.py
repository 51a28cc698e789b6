"""Progress, one line a step: ``[5/8] Kafka broker ... done in 4 s``."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_SIGN_OF_LIFE_SECONDS = 5


class Progress:
    """Counts the steps of one command.

    Args:
        first: The number of the first step; those before it were done and shown by setup.sh.
        total: How many steps there are in all.
    """

    def __init__(self, first: int, total: int) -> None:
        self._next = first
        self._total = total

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show a step while it is done, with a dot every five seconds, and how long it took."""
        print(f"[{self._next}/{self._total}] {title} ...", end="", flush=True)
        self._next += 1
        started, done = time.monotonic(), threading.Event()
        dots = threading.Thread(target=_dots, args=(done,), daemon=True)
        dots.start()
        outcome = "failed after"
        try:
            yield
            outcome = "done in"
        finally:
            done.set()
            dots.join()
            print(f" {outcome} {time.monotonic() - started:.0f} s", flush=True)


def _dots(done: threading.Event) -> None:
    while not done.wait(_SIGN_OF_LIFE_SECONDS):
        print(".", end="", flush=True)
