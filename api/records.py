"""The messages of the topics that the service reads, as they stand on Kafka."""

from typing import Literal, get_args

import msgspec

Interval = Literal["1s", "10s", "1m", "5m", "15m", "1h", "4h", "1d"]
INTERVALS: tuple[Interval, ...] = get_args(Interval)  # shortest first


# Records refer to nothing that could refer back, so the cyclic collector need not visit the
# millions of them that are kept (gc=False).
class Candle(msgspec.Struct, gc=False):
    """One candle over ``[start, end)``, ms since the epoch, UTC.

    Forming: ``final`` false, replaced many times a second. Final: ``final`` true, ``revision`` 0.
    Corrected: ``final`` true, ``revision`` 1 and up.
    """

    symbol: str
    interval: Interval
    start: int
    end: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    notional: float
    vwap: float
    trades: int
    buy_volume: float
    final: bool
    revision: int
    updated_at: int

    def supersedes(self, kept: "Candle") -> bool:
        """Whether this message, the newer of the two, takes the place of the one kept.

        Final beats forming and a higher revision beats a lower one; among equals the newer wins.
        """
        if self.final and kept.final:
            return self.revision >= kept.revision
        return self.final or not kept.final


class DeadLetter(msgspec.Struct, gc=False):
    """A record that the pipeline rejected, and where it came from.

    ``index`` is the position inside a packed message, ``reason`` a fixed code, ``payload`` base64.
    """

    topic: str
    partition: int
    offset: int
    index: int
    reason: str
    detail: str
    payload: str
    rejected_at: int
