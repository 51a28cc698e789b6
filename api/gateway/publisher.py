"""Messages to Kafka, by a thread and a producer of its own, every one of them accounted for."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError

from api.connect import ANSWER_MS, connect

BATCH_BYTES = 128 << 10
LARGEST_MESSAGE_BYTES = 16 << 20  # what the broker may allow; it has the last word
PARCELS_WAITING = 8
PARCELS_IN_FLIGHT = 48  # kafka-python's own buffer has no bound
AGAIN_SECONDS = 0.25  # between two attempts to find the broker
LOOK_SECONDS = 0.2  # the longest wait for the order to stop
STOP_SECONDS = 1.0

log = logging.getLogger(__name__)


class PublishError(Exception):
    """Messages may not be on Kafka; the text says why."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message, with the record's timestamp in ms since the epoch."""

    key: bytes
    value: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """Messages for a topic, which are settled together.

    Attributes:
        topic: Where they go.
        messages: At least one.
        settle: Called once, from some thread: how many the broker has acknowledged, and what went
            wrong with the others. Those may be on Kafka nonetheless.
        is_wanted: Whether they are to be sent at all, asked when their turn comes.
    """

    topic: str
    messages: list[Message]
    settle: Callable[[int, PublishError | None], None]
    is_wanted: Callable[[], bool] = lambda: True


class Publisher:
    """Sends parcels in their order, acknowledged by all replicas, each message once.

    Whoever puts waits while much is under way. A broker that is away is waited for: a parcel fails
    after ``timeout_ms``.

    Args:
        name: Of the thread.
        bootstrap_servers: Where Kafka is.
        timeout_ms: How long a message may take until the broker has it.
    """

    def __init__(self, name: str, bootstrap_servers: str, timeout_ms: int) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._timeout_ms = timeout_ms
        self._waiting: queue.Queue[Parcel] = queue.Queue(PARCELS_WAITING)
        self._room = threading.Semaphore(PARCELS_IN_FLIGHT)
        self._in_flight = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._producer: KafkaProducer | None = None
        self._is_suspect = False  # it failed: what it knows of the broker may be wrong for ever
        self._name = name
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; it connects with the first parcel."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop: what the broker has not acknowledged in a moment fails."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def put(self, parcel: Parcel) -> None:
        """Hand over a parcel; waits while there are too many.

        Raises:
            PublishError: The service stops.
        """
        while not self._stopping.is_set():
            try:
                self._waiting.put(parcel, timeout=LOOK_SECONDS)
            except queue.Full:
                continue
            return
        raise PublishError("the service stops")

    def put_now(self, parcel: Parcel) -> None:
        """Hand over a parcel without waiting.

        Raises:
            PublishError: There are too many, or the service stops.
        """
        if self._stopping.is_set():
            raise PublishError("the service stops")
        try:
            self._waiting.put_nowait(parcel)
        except queue.Full:
            raise PublishError("the broker is too far behind") from None

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                parcel = self._waiting.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                continue
            self._send(parcel)
        stopped = PublishError("the service stops")
        while True:
            try:
                self._waiting.get_nowait().settle(0, stopped)
            except queue.Empty:
                break
        if self._producer is not None:
            self._producer.close(timeout=STOP_SECONDS / 2)
            self._producer = None

    def _send(self, parcel: Parcel) -> None:
        if not self._has_room():
            parcel.settle(0, PublishError("the service stops"))
        elif not parcel.is_wanted():
            self._room.release()
            parcel.settle(0, None)
        else:
            with self._lock:
                self._in_flight += 1
            receipt = _Receipt(parcel, self._settled)
            deadline = time.monotonic() + self._timeout_ms / 1_000
            for number, message in enumerate(parcel.messages):
                try:
                    future = self._handed_over(parcel.topic, message, deadline)
                except KafkaError as error:
                    receipt.failed(error, len(parcel.messages) - number)
                    break
                future.add_callback(receipt.acknowledged)
                future.add_errback(receipt.failed)

    def _has_room(self) -> bool:
        while not self._stopping.is_set():
            if self._room.acquire(timeout=LOOK_SECONDS):
                return True
        return False

    def _handed_over(self, topic: str, message: Message, deadline: float) -> Any:
        """The future of a message that the producer took.

        Raises:
            KafkaError: None was there in time, or it refused the message.
        """
        while True:
            try:
                return self._connected().send(
                    topic, message.value, key=message.key, timestamp_ms=message.timestamp
                )
            except MessageSizeTooLargeError:
                raise
            except KafkaError:
                if time.monotonic() > deadline or self._stopping.wait(AGAIN_SECONDS):
                    raise

    def _connected(self) -> KafkaProducer:
        """The producer, or a new one for one that failed, once nothing is on its way any more.

        Raises:
            KafkaError: No broker answered.
        """
        if self._is_suspect and self._producer is not None and self._in_flight <= 1:
            producer, self._producer = self._producer, None
            producer.close(timeout=0)
        if self._producer is None:
            self._is_suspect = False
            self._producer = connect(
                KafkaProducer,
                self._bootstrap_servers,
                acks="all",
                enable_idempotence=True,
                batch_size=BATCH_BYTES,
                linger_ms=5,
                max_request_size=LARGEST_MESSAGE_BYTES,
                max_block_ms=ANSWER_MS,
                request_timeout_ms=min(self._timeout_ms, 5 * ANSWER_MS),
                delivery_timeout_ms=self._timeout_ms + 5,
            )
        return self._producer

    def _settled(self, error: PublishError | None) -> None:
        with self._lock:
            self._in_flight -= 1
            self._is_suspect = self._is_suspect or error is not None
        if error is not None:
            log.warning("messages were not acknowledged: %s", error)
        self._room.release()


class _Receipt:
    """Counts what became of the messages of a parcel."""

    def __init__(self, parcel: Parcel, done: Callable[[PublishError | None], None]) -> None:
        self._parcel = parcel
        self._done = done
        self._lock = threading.Lock()  # futures complete on the producer's thread
        self._left = len(parcel.messages)
        self._acknowledged = 0
        self._error: PublishError | None = None

    def acknowledged(self, _: Any) -> None:
        """The broker has one."""
        with self._lock:
            self._left -= 1
            self._acknowledged += 1
            is_last = not self._left
        if is_last:
            self._settle()

    def failed(self, error: Exception, count: int = 1) -> None:
        """Some are not known to be on Kafka."""
        with self._lock:
            self._left -= count
            self._error = PublishError(f"{type(error).__name__}: {error}")
            is_last = not self._left
        if is_last:
            self._settle()

    def _settle(self) -> None:
        self._done(self._error)
        self._parcel.settle(self._acknowledged, self._error)
