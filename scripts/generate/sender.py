"""Messages to Kafka, every one of them accounted for."""

from collections.abc import Iterable
from threading import Lock
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from scripts.generate.messages import Message

BATCH_BYTES = 256 << 10
BUFFER_BYTES = 64 << 20
LARGEST_REQUEST_BYTES = 4 << 20  # lets an oversized message through to the broker's own limit
LINGER_MS = 10


def producer(bootstrap_servers: str, compression: str | None) -> KafkaProducer:
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
    )


class Sender:
    """Sends to one topic and counts.

    Attributes:
        records: Trades handed over, good and bad.
        messages: Kafka records they travelled in.
        acknowledged: Messages the broker has.
        failed: Messages it never will have.
        error: Why the last of these failed.
    """

    def __init__(self, producer: KafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic
        self._lock = Lock()  # futures complete on the producer's thread
        self._unflushed = 0
        self.records = 0
        self.messages = 0
        self.acknowledged = 0
        self.failed = 0
        self.error: Exception | None = None

    def send(self, messages: Iterable[Message]) -> None:
        """Hand messages to the producer; wait for the broker when it is far behind."""
        for message in messages:
            self.records += message.trades + len(message.rejected)
            self.messages += 1
            self._unflushed += len(message.value)
            try:
                future = self._producer.send(
                    self._topic,
                    key=message.key,
                    value=message.value,
                    timestamp_ms=message.timestamp_ms,
                )
            except KafkaError as error:
                self._on_failure(error)
            else:
                future.add_callback(self._on_success)
                future.add_errback(self._on_failure)
        if self._unflushed > BUFFER_BYTES:  # kafka-python's own buffer has no bound
            self.flush()

    def flush(self) -> None:
        """Wait until every message sent so far is acknowledged or has failed."""
        self._producer.flush()
        self._unflushed = 0

    def _on_success(self, _: Any) -> None:
        with self._lock:
            self.acknowledged += 1

    def _on_failure(self, error: Exception) -> None:
        with self._lock:
            self.failed += 1
            self.error = error
