"""A stream that is followed over many connections, apart from how they are made."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
from httpx_sse import ServerSentEvent

from ..backoff import Backoff
from ..records import (
    Alert,
    Anomaly,
    Book,
    Candle,
    FatFinger,
    Flow,
    Gap,
    Indicators,
    Outage,
    Totals,
    Trend,
)
from .errors import RefusedError, UnreachableError, unreachable

Quality = Gap | Outage | FatFinger | Totals
Row = Candle | Flow | Indicators | Trend | Anomaly | Quality | Book | Alert
"""What a channel tells."""

BACKOFF = Backoff(first=0.25, most=10.0)
POLLING = Backoff(first=0.05, most=1.0, jitter=lambda: 1.0)
"""Between looks at a job, which is over soon or long."""
CONNECT_S = 10.0
SILENCE_S = 35.0
"""With heartbeats every 10 s, a connection that says nothing for so long is dead."""

_ROWS: dict[str, Any] = {
    "candles": Candle,
    "finals": Candle,
    "order_flow": Flow,
    "indicators": Indicators,
    "trends": Trend,
    "anomalies": Anomaly,
    "quality": Quality,
    "book": Book,
    "alerts": Alert,
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The newest rows of each channel; what follows goes on from them.

    One who is given ``cursor`` later gets what came after this message, no more and no less.
    """

    rows: dict[str, list[Row]]
    cursor: str


@dataclass(frozen=True, slots=True)
class Updates:
    """New rows, each with its channel, in the order of Kafka for each partition.

    One who is given ``cursor`` later gets what came after this message, no more and no less.
    """

    rows: list[tuple[str, Row]]
    cursor: str


@dataclass(frozen=True, slots=True)
class Missed:
    """What came on these channels since the last message is not kept any more."""

    channels: list[str]
    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection broke; in ``wait`` seconds there will be another, which misses nothing."""

    reason: str
    wait: float


Message = Snapshot | Updates | Missed | Lost


class _Part(msgspec.Struct):
    rows: dict[str, msgspec.Raw]
    last: bool


class _Rows(msgspec.Struct):
    updates: list[tuple[str, msgspec.Raw]]


class _Gap(msgspec.Struct):
    channels: list[str]
    reason: str


class _Slow(msgspec.Struct):
    behind: int


class Following:
    """Where one who follows stands: what to ask for next, and what an event means.

    Args:
        channels: As the service names them.
        symbols: Only these; all if empty.
        snapshot: Rows of each series that come first.
        cursor: Of a message of before, to go on after it; empty to begin with a snapshot.
        backoff: How long to wait after connections that failed.
    """

    def __init__(
        self,
        channels: Iterable[str],
        symbols: Iterable[str] = (),
        snapshot: int = 1,
        cursor: str = "",
        backoff: Backoff = BACKOFF,
    ) -> None:
        self._parameters: Mapping[str, str | int] = {
            "channels": ",".join(channels),
            "symbols": ",".join(symbols),
            "snapshot": snapshot,
        }
        self.cursor = cursor
        self._backoff = backoff
        self._failures = 0
        self._parts: dict[str, list[Row]] = {}
        self._reason = ""

    def request(self) -> dict[str, Any]:
        """What httpx is to send next: a new connection begins."""
        self._parts = {}
        self._reason = ""
        return {
            "params": self._parameters,
            "headers": {"Last-Event-ID": self.cursor} if self.cursor else {},
            "timeout": httpx.Timeout(CONNECT_S, read=SILENCE_S),
        }

    def read(self, event: ServerSentEvent) -> Message | None:
        """What an event says; None if that is nothing yet.

        Raises:
            UnreachableError: It is no event of Tapeline.
        """
        try:
            message = self._read(event)
        except msgspec.MsgspecError as error:
            raise UnreachableError(f"event {event.event!r} is not as expected: {error}") from error
        self._failures = 0
        return message

    def lost(self, error: Exception | None, url: str) -> Lost:
        """The connection is over; says why, and how long to wait for the next.

        Args:
            error: What ended it; None if the service did.
            url: Of the service.

        Raises:
            RefusedError: Another attempt will not do better.
        """
        if isinstance(error, RefusedError) and not error.is_transient:
            raise error
        self._failures += 1
        if isinstance(error, httpx.HTTPError):
            error = unreachable(error, url)
        asked = error.retry_after if isinstance(error, RefusedError) else None
        reason = str(error) if error else self._reason or "the service ended the stream"
        return Lost(reason, self._backoff.wait(self._failures, asked))

    def _read(self, event: ServerSentEvent) -> Message | None:
        match event.event:
            case "snapshot":
                part = msgspec.json.decode(event.data, type=_Part)
                for channel, rows in part.rows.items():
                    self._parts.setdefault(channel, []).extend(_decode(channel, rows, many=True))
                if not part.last:
                    return None
                whole, self._parts = self._parts, {}
                self.cursor = event.id
                return Snapshot(whole, event.id)
            case "updates":
                updates = msgspec.json.decode(event.data, type=_Rows).updates
                self.cursor = event.id
                return Updates([(name, _decode(name, row)) for name, row in updates], event.id)
            case "gap":
                gap = msgspec.json.decode(event.data, type=_Gap)
                return Missed(gap.channels, gap.reason)
            case "slow":
                behind = msgspec.json.decode(event.data, type=_Slow).behind
                self._reason = f"too slow by {behind} updates"
        # Heartbeats, and what later versions may say.
        return None


def _decode(channel: str, text: msgspec.Raw, *, many: bool = False) -> Any:
    return _decoders[channel.partition(".")[0], many].decode(text)


_decoders = {
    (name, many): msgspec.json.Decoder(list[row] if many else row)  # type: ignore[valid-type]
    for name, row in _ROWS.items()
    for many in (False, True)
}
