"""A market on its way: made, sent when it is due, and counted."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import TypeVar

import msgspec

from scripts.generate import orders
from scripts.generate.clock import EventTimes, wall
from scripts.generate.feed import Feed, Maker
from scripts.generate.fix import FILL, PARTIAL_FILL
from scripts.generate.manifest import Delivered, Manifest
from scripts.generate.messages import Message
from scripts.generate.outs import Out, ToFile, ToKafka
from scripts.sources.pace import Pace, due, every
from scripts.sources.report import Tell, reporting
from scripts.sources.sender import Sender

WRITTEN_EVERY_S = 10.0
HELD_WITHIN = 0.02
"""Of the pace that is asked for."""
_FILLS = tuple(b"\x01150=%s\x01" % kind.encode() for kind in (PARTIAL_FILL, FILL))
T = TypeVar("T")


class Run:
    """One run of a feed.

    Args:
        feed: What is made.
        realtime: Whether it is stamped with the clock and sent at its rate.
        speed: Otherwise, times as fast as event time; 0 is as fast as can be.
        manifest: The file for the counts, if any: written every 10 s, and at the end.
        stop: Ends it.

    Attributes:
        manifest: The counts.
        held: The share of the pace that was held, if one was asked for.
    """

    def __init__(
        self, feed: Feed, *, realtime: bool, speed: float, manifest: Path | None, stop: Event
    ) -> None:
        self._feed = feed
        self._clock: EventTimes | None = wall(time.time) if realtime else None
        self._block_ms = 1_000 * feed.block / feed.rate if realtime else 0.0
        self._pace = Pace(1.0 if realtime else speed, stop)
        self._path = manifest
        self._written = time.monotonic()
        self._not_sent = 0
        self.held: float | None = None
        self.manifest = Manifest(msgspec.to_builtins(feed))

    def to_file(self, kind: type[ToFile], path: Path) -> None:
        """Write trades to a file of this kind."""
        maker = Maker(self._feed, self._clock)
        with kind(maker, path) as out, reporting(out, self._feed.count) as tell:
            self._trades(maker, out, tell, None)
            self.held = self._pace.held
        self._end(None)

    def to_topic(self, sender: Sender, mix: orders.Mix | None) -> None:
        """Send trades, or, where a mix is given, messages of FIX."""
        with reporting(sender, self._feed.count) as tell:
            if mix:
                self._orders(mix, sender, tell)
            else:
                maker = Maker(self._feed, self._clock)
                self._trades(maker, ToKafka(maker, sender), tell, sender)
            self.held = self._pace.held
            sender.settle()
        self._end(sender)

    def _trades(self, maker: Maker, out: Out, tell: Tell, sender: Sender | None) -> None:
        names = [each.symbol for each in maker.instruments]
        for block in self._due(maker.blocks(), lambda block: block.times.max(initial=0)):
            faults = maker.faults(block)
            self._not_sent += out.write(block, faults)
            self.manifest.add(block, faults, names)
            self.manifest.silences = maker.chaos.silent
            self.manifest.newest_silences = list(maker.chaos.silences)
            self._note(tell, sender)

    def _orders(self, mix: orders.Mix, sender: Sender, tell: Tell) -> None:
        made = orders.blocks(self._feed, mix, self._clock)
        for messages in self._due(made, lambda messages: messages[-1].timestamp_ms):
            self._not_sent += len(messages) - sender.send(messages)
            self._count(messages)
            self._note(tell, sender)

    def _count(self, messages: list[Message]) -> None:
        broken = Counter(reason for message in messages for _, reason in message.rejected)
        good = [message for message in messages if not message.rejected]
        self.manifest.records += sum(message.count for message in messages)
        self.manifest.orders += sum(message.trades for message in good)
        self.manifest.trades += sum(message.value.count(f) for message in good for f in _FILLS)
        self.manifest.reject(broken)

    def _due(self, made: Iterator[T], until_ms: Callable[[T], float]) -> Iterator[T]:
        if self._block_ms:
            return every(made, self._pace, self._block_ms)
        return due(made, self._pace, until_ms)

    def _note(self, tell: Tell, sender: Sender | None) -> None:
        tell(self._pace.trouble())
        if self._path and time.monotonic() - self._written >= WRITTEN_EVERY_S:
            self._write(sender)
            self._written = time.monotonic()

    def _end(self, sender: Sender | None) -> None:
        if self.held is not None and abs(self.held - 1) > HELD_WITHIN:
            said = f"the pace could not be held: {self.held:.1%} of what was asked for"
            print(said, file=sys.stderr)
        if self._path:
            self._write(sender)

    def _write(self, sender: Sender | None) -> None:
        assert self._path is not None
        if sender:
            self.manifest.delivery = Delivered(
                sender.messages,
                sender.acknowledged,
                sender.failed,
                sender.unacknowledged,
                self._not_sent,
            )
        self.manifest.write(self._path)
