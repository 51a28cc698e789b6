"""Records to Kafka, every one of them accounted for."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Condition, Event
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from scripts.sources.place import Place
from scripts.sources.record import Sendable

BATCH_BYTES = 256 << 10
BUFFER_BYTES = 64 << 20
"""Unacknowledged, at most; kafka-python's own buffer has no bound."""
LARGEST_REQUEST_BYTES = 4 << 20  # lets an oversized message through to the broker's own limit
LINGER_MS = 10
PATIENCE_MS = 120_000
"""How long a message is tried before it has failed."""
ENDLESS_MS = 7 * 86_400_000
LOOK_S = 0.2
"""How often one that waits for the broker looks whether it is to stop."""
FLUSH_S = 30.0
"""Who stops a source waits no longer for a broker that is away."""


def producer(
    bootstrap_servers: str, compression: str | None, patience_ms: int = PATIENCE_MS
) -> KafkaProducer:
    """Return an idempotent producer, acknowledged by all replicas, that fills its batches.

    Compression makes it faster: kafka-python takes the CRC of what it sends in pure Python
    unless the crc32c package is there, and so is the slower the more bytes there are.
    """
    return KafkaProducer(
        bootstrap_servers=bootstrap_servers.split(","),
        enable_idempotence=True,
        acks="all",
        batch_size=BATCH_BYTES,
        linger_ms=LINGER_MS,
        compression_type=compression,
        max_request_size=LARGEST_REQUEST_BYTES,
        delivery_timeout_ms=patience_ms,
    )


@contextmanager
def sending(place: Place, stop: Event) -> Iterator["Sender"]:
    """A sender for a source: it waits for a broker that is away, however long that is.

    At the end all is acknowledged, or, after ``stop``, what can be in half a minute.
    """
    kafka = producer(place.bootstrap_servers, place.compression, ENDLESS_MS)
    sender = Sender(kafka, place.topic, stop=stop)
    try:
        yield sender
    finally:
        sender.settle()
        kafka.close(timeout=1.0)


class Sender:
    """Sends to one topic and counts.

    Who calls :meth:`send` waits while too much is not acknowledged: a source that is faster than
    the broker becomes as slow as it is, and nothing is thrown away.

    Args:
        producer: Of Kafka.
        topic: Where to.
        buffer: Bytes that may be unacknowledged.
        stop: Ends the waiting.
        monotonic: Seconds, as :func:`time.monotonic`.

    Attributes:
        sent: Trades or messages of FIX handed over, good and bad.
        messages: Kafka records they travelled in.
        acknowledged: Messages the broker has.
        failed: Messages it never will have.
        error: Why the last of these failed.
    """

    def __init__(
        self,
        producer: KafkaProducer,
        topic: str,
        *,
        buffer: int = BUFFER_BYTES,
        stop: Event | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._producer = producer
        self._topic = topic
        self._buffer = buffer
        self._stop = stop or Event()
        self._monotonic = monotonic
        self._given_up_at: float | None = None
        self._waiting = 0  # bytes that are not acknowledged
        self._changed = Condition()  # futures complete on the producer's thread
        self.sent = 0
        self.messages = 0
        self.acknowledged = 0
        self.failed = 0
        self.error: Exception | None = None

    def send(self, records: Iterable[Sendable]) -> int:
        """Hand records to the producer; wait for the broker when it is far behind.

        Returns:
            How many were taken: all, unless it was stopped while it waited.
        """
        taken = 0
        for record in records:
            size = len(record.value)
            with self._changed:
                while self._waiting >= self._buffer:
                    if self._stop.is_set():
                        return taken
                    self._changed.wait(LOOK_S)
                self._waiting += size
                self.sent += record.count
                self.messages += 1
            taken += 1
            try:
                future = self._producer.send(
                    self._topic,
                    key=record.key,
                    value=record.value,
                    timestamp_ms=record.timestamp_ms,
                )
            except KafkaError as error:
                self._on_failure(error, size)
            else:
                future.add_callback(partial(self._on_success, size))
                future.add_errback(partial(self._on_failure, size=size))
        return taken

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until every message is acknowledged or has failed; return whether all are."""
        with self._changed:
            return self._changed.wait_for(lambda: not self.unacknowledged, timeout_s)

    def settle(self) -> bool:
        """Wait until every message is acknowledged or has failed; return whether all are.

        Once it is to stop, that is waited for half a minute in all, however often it is asked for.
        """
        while not self.flush(LOOK_S):
            if not self._stop.is_set():
                continue
            if self._given_up_at is None:
                self._given_up_at = self._monotonic() + FLUSH_S
            if self._monotonic() >= self._given_up_at:
                return False
        return True

    @property
    def unacknowledged(self) -> int:
        """Messages of which is not known yet whether the broker has them."""
        return self.messages - self.acknowledged - self.failed

    def told(self) -> str:
        """What became of the messages, in words."""
        known = f"{self.acknowledged:,} acknowledged, {self.failed:,} failed"
        return f"{self.messages:,} messages, {known}"

    def trouble(self) -> Iterator[str]:
        """What is to be said of the messages that the broker does not have, or may not have."""
        if self.unacknowledged:
            yield (
                f"{self.unacknowledged:,} messages were not acknowledged: the broker may have them "
                "or not"
            )
        if self.failed:
            yield f"{self.failed:,} messages failed, the last one: {self.error!r}"

    def _on_success(self, size: int, _: Any) -> None:
        with self._changed:
            self.acknowledged += 1
            self._settled(size)

    def _on_failure(self, error: Exception, size: int) -> None:
        with self._changed:
            self.failed += 1
            self.error = error
            self._settled(size)

    def _settled(self, size: int) -> None:
        """Wake who waits, but not for each message of thousands: that takes the producer's time."""
        half = self._buffer // 2
        was_above = self._waiting > half
        self._waiting -= size
        if (was_above and self._waiting <= half) or not self.unacknowledged:
            self._changed.notify_all()
