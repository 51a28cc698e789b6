"""What a source has read, and where it went."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """Counts that add up.

    ``trades`` are new ones and ``duplicates``; what is sent is new trades and ``forwarded``, but
    for what is ``unsent``; the ids in gaps are ``filled``, ``missing`` or still waited for.

    Attributes:
        frames: Messages of the WebSocket.
        trades: Trades that were understood, live or over REST.
        duplicates: Trades that were there before.
        malformed: Frames that should have been a trade and are none.
        forwarded: Those that were handed to Kafka as they are; all of them, but for a broken end.
        gaps: Holes in the ids of a symbol.
        in_gaps: The ids in them.
        filled: Those of them that came after all, over REST or late.
        missing: Those that were given up.
        restarts: How often ids began anew.
        connections: That were opened.
        unsent: Records that were never handed to Kafka: it was away when the source was stopped.
    """

    frames: int = 0
    trades: int = 0
    duplicates: int = 0
    malformed: int = 0
    forwarded: int = 0
    gaps: int = 0
    in_gaps: int = 0
    filled: int = 0
    missing: int = 0
    restarts: int = 0
    connections: int = 0
    unsent: int = 0

    @property
    def reconnects(self) -> int:
        """Connections after the first."""
        return max(self.connections - 1, 0)

    def line(self) -> str:
        """All of them."""
        return (
            f"{self.frames:,} frames, {self.trades:,} trades, {self.duplicates:,} duplicates, "
            f"{self.malformed:,} malformed | {self.gaps:,} gaps of {self.in_gaps:,} trades: "
            f"{self.filled:,} filled, {self.missing:,} missing | {self.reconnects:,} reconnects"
        )
