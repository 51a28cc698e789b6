"""Trades into Kafka records, some of them broken, each with what must become of it."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import NamedTuple

import msgspec

from scripts.generate.faults import Fault, Scope
from scripts.generate.trade import Trade


class Message(NamedTuple):
    """One Kafka record, and what a reader must make of it.

    The timestamp is the newest event time inside. ``rejected`` has the index and the reason of
    each broken record in it.
    """

    key: bytes
    value: bytes
    timestamp_ms: int
    trades: int
    rejected: tuple[tuple[int, str], ...] = ()

    @property
    def count(self) -> int:  # type: ignore[override]  # nobody asks a message for its fields
        """Records in it, good and broken."""
        return self.trades + len(self.rejected)


class Packer:
    """Puts trades into messages of at most ``packed`` trades.

    Above one, JSON arrays and newline-separated objects take turns, and a record too broken to
    stand beside others gets a message of its own.
    """

    def __init__(self, packed: int) -> None:
        self._packed = packed
        self._encoder = msgspec.json.Encoder()
        self._lines = cycle((False, True))

    def pack(self, trades: Sequence[Trade], faults: Sequence[Fault | None]) -> Iterator[Message]:
        """Yield the messages of the trades, each broken by the fault at its place, if any."""
        if self._packed == 1:
            yield from map(self._single, trades, faults)
            return
        for first in range(0, len(trades), self._packed):
            some = slice(first, first + self._packed)
            yield from self._together(trades[some], faults[some], lines=next(self._lines))

    def _single(self, trade: Trade, fault: Fault | None) -> Message:
        key = trade.symbol.encode()
        if fault is None:
            return Message(key, self._encoder.encode(trade), trade.timestamp, 1)
        value = self._encoder.encode(fault.spoil(trade))
        return Message(key, value, trade.timestamp, 0, ((0, fault.reason),))

    def _together(
        self, trades: Sequence[Trade], faults: Sequence[Fault | None], *, lines: bool
    ) -> Iterator[Message]:
        elements: list[object] = []
        rejected: list[tuple[int, str]] = []
        apart: list[Message] = []
        newest = 0
        for trade, fault in zip(trades, faults, strict=True):
            # Lines are told from one broken object by the objects among them: one comes first.
            worst = (Scope.LINE if lines else Scope.VALUE) if elements else Scope.OBJECT
            if fault and fault.scope > worst:
                apart.append(self._single(trade, fault))
                continue
            if fault:
                rejected.append((len(elements), fault.reason))
            elements.append(fault.spoil(trade) if fault else trade)
            newest = max(newest, trade.timestamp)
        if elements:
            yield Message(
                key=trades[0].symbol.encode(),
                value=(self._encoder.encode_lines if lines else self._encoder.encode)(elements),
                timestamp_ms=newest,
                trades=len(elements) - len(rejected),
                rejected=tuple(rejected),
            )
        yield from apart
