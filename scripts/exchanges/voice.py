"""What is said, and not too often."""

from collections.abc import Callable
from dataclasses import dataclass, field

MOST = 5
EVERY_S = 60.0

Say = Callable[[str, str], None]
"""Takes a kind of news, and the news."""


@dataclass(slots=True)
class _Window:
    since: float
    said: int = 0
    kept_back: int = 0


@dataclass
class Voice:
    """Says so much news of a kind a minute; then only how many there were.

    Attributes:
        now: Seconds that never go back.
        write: Where a line goes.
    """

    now: Callable[[], float]
    write: Callable[[str], object]
    _windows: dict[str, _Window] = field(default_factory=dict)

    def __call__(self, kind: str, news: str) -> None:
        """Say it, unless there was too much of this kind."""
        now = self.now()
        window = self._windows.setdefault(kind, _Window(now))
        if now - window.since >= EVERY_S:
            if window.kept_back:
                self.write(f"{kind}: {window.kept_back:,} more in the last minute or so")
            window = self._windows[kind] = _Window(now)
        if window.said >= MOST:
            window.kept_back += 1
            return
        window.said += 1
        self.write(f"{kind}: {news}")
