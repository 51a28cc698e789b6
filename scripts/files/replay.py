"""Rows to Kafka at their pace, each position written down once the broker has what is before it."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Event

from kafka.errors import MessageSizeTooLargeError

from scripts.files.blocks import records
from scripts.files.errors import DeliveryError
from scripts.files.merge import Run
from scripts.files.rows import NO_TIME
from scripts.files.state import Positions
from scripts.sources.pace import Pace
from scripts.sources.record import Record
from scripts.sources.report import Tell
from scripts.sources.sender import FLUSH_S, Sender

SAVE_EVERY_S = 1.0


@dataclass(frozen=True)
class Choice:
    """Which rows are sent, and how.

    Attributes:
        from_ms: The first event time that is sent; None is any.
        to_ms: The first one that is not sent any more; None is none.
        packed: Rows of a symbol in one message.
        separator: What stands between them.
    """

    from_ms: int | None = None
    to_ms: int | None = None
    packed: int = 1
    separator: bytes = b"\n"

    def of(self, run: Run) -> Run:
        """Those rows that are sent."""
        if self.from_ms is None and self.to_ms is None:
            return run
        first = NO_TIME if self.from_ms is None else self.from_ms
        kept = run.times >= first
        if self.to_ms is not None:
            kept &= run.times < self.to_ms
        return run[kept]


class Replay:
    """Sends blocks of rows.

    Args:
        sender: With which.
        positions: Where the files are.
        choice: Which rows.
        stop: Ends it, once the block is sent that is begun.

    Attributes:
        read: Rows that were read.
        left_out: Those of them that were not to be sent.
        acknowledged: Those of the others that the broker is known to have.
    """

    def __init__(
        self,
        sender: Sender,
        positions: Positions,
        choice: Choice,
        stop: Event,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sender = sender
        self._positions = positions
        self._choice = choice
        self._stop = stop
        self._monotonic = monotonic
        self._failed = 0
        self.read = self.left_out = self.acknowledged = 0

    def run(self, blocks: Iterable[Run], pace: Pace, tell: Tell = lambda besides: None) -> None:
        """Send block after block until there are no more, or it is to stop.

        Raises:
            DeliveryError: The broker refused a message for another reason than its size.
        """
        saved = self._monotonic()
        for block in blocks:
            chosen = self._choice.of(block)
            if len(chosen) and not self._send(chosen, pace):
                break
            self._positions.take(block)
            self.read += len(block)
            self.left_out += len(block) - len(chosen)
            tell(pace.trouble())
            if self._monotonic() - saved >= SAVE_EVERY_S:
                self._save()
                saved = self._monotonic()
            if self._stop.is_set():
                break
        self._save()

    def told(self) -> str:
        """Its counts."""
        return (
            f"{self.read:,} read, {self.left_out:,} outside of --from and --to, "
            f"{self._sender.sent:,} sent, {self.acknowledged:,} acknowledged, "
            f"{self._sender.failed:,} failed"
        )

    def _send(self, run: Run, pace: Pace) -> bool:
        """Send the rows when they are due; return whether all are on their way."""
        newest = int(run.order[-1])
        if newest != NO_TIME and not pace.wait(newest):
            return False
        left: list[Record] = records(run, self._choice.packed, self._choice.separator)
        left = left[self._sender.send(left) :]
        # It was stopped while it waited for the broker: the rest goes as soon as there is room.
        while left and self._sender.flush(FLUSH_S):
            left = left[self._sender.send(left) :]
        return not left

    def _save(self) -> None:
        if not self._sender.settle():
            return  # what is written down stays true; the next replay repeats the rest
        failed, self._failed = self._sender.failed - self._failed, self._sender.failed
        # What is too large today is so tomorrow; it is counted, and all others go on.
        if failed and not isinstance(self._sender.error, MessageSizeTooLargeError):
            raise DeliveryError(f"{failed:,} messages failed: {self._sender.error!r}")
        self._positions.save()
        self.acknowledged = self.read - self.left_out - self._failed
