"""How far event time has passed: by the watermark, or by the wall clock while all is quiet."""

from dataclasses import dataclass

from udfs.windows import NEVER

NO_WATERMARK = -(2**63)


@dataclass
class Clock:
    """The clock of something that waits for the end of windows; all times in ms.

    Quiet is when nothing comes and the watermark stands. Either alone is not: of a backlog so much
    may come at once that the watermark stands for long.
    """

    quiet_ms: int
    watermark: int = NO_WATERMARK
    since_ms: int | None = None
    """When the watermark was first seen to be there, or something came last."""

    def heard(self, now_ms: int) -> None:
        """Takes it that something comes."""
        if self.since_ms is not None:
            self.since_ms = now_ms

    def passed(self, watermark: int, now_ms: int) -> int:
        """Windows that end at this time (ms) or before are over."""
        if watermark != self.watermark or self.since_ms is None:
            self.watermark, self.since_ms = watermark, now_ms
        quiet = now_ms - self.since_ms
        if not self.quiet_ms or quiet < self.quiet_ms or watermark < 0:
            quiet = 0
        return min(watermark + quiet, int(NEVER) - 1) + 1

    def reaches(self, end_ms: int, now_ms: int) -> int | None:
        """When event time will pass a time if all stays quiet; None is never."""
        if not self.quiet_ms or end_ms == NEVER:
            return None
        if self.watermark < 0 or self.since_ms is None:
            # The first watermark may come behind the last trade, and nothing tells of it.
            return now_ms + self.quiet_ms
        return self.since_ms + max(self.quiet_ms, end_ms - self.watermark)
