import threading
from collections.abc import Callable, Iterator
from typing import Any

from kafka.errors import MessageSizeTooLargeError

from scripts.generate.messages import Message
from scripts.sources.record import Record
from scripts.sources.sender import Sender


class Future:
    def __init__(self) -> None:
        self.done: Callable[[Any], object]
        self.failed: Callable[[Exception], object]

    def add_callback(self, function: Callable[[Any], object]) -> None:
        self.done = function

    def add_errback(self, function: Callable[[Exception], object]) -> None:
        self.failed = function


class Producer:
    """Stands in for KafkaProducer: the test says what becomes of each message."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes, bytes, int]] = []
        self.futures: list[Future] = []
        self.handed_over = threading.Semaphore(0)

    def send(self, topic: str, *, key: bytes, value: bytes, timestamp_ms: int) -> Future:
        if value == b"refused":
            raise MessageSizeTooLargeError
        self.sent.append((topic, key, value, timestamp_ms))
        self.futures.append(Future())
        self.handed_over.release()
        return self.futures[-1]


def records(count: int, size: int = 1) -> Iterator[Record]:
    return (Record(b"A", b"x" * size, number) for number in range(count))


def test_every_message_is_accounted_for() -> None:
    producer = Producer()
    sender = Sender(producer, "trades")
    sender.send(
        [
            Message(b"A", b"kept", 1, trades=3, rejected=((1, "wrong_type"),)),
            Message(b"B", b"refused", 2, trades=1),
            Message(b"C", b"lost", 3, trades=1),
            Message(b"D", b"on its way", 4, trades=1),
        ]
    )
    assert [each[2] for each in producer.sent] == [b"kept", b"lost", b"on its way"]
    assert producer.sent[0] == ("trades", b"A", b"kept", 1)
    producer.futures[0].done(None)
    producer.futures[1].failed(TimeoutError("too late"))
    assert (sender.sent, sender.messages) == (7, 4)
    assert (sender.acknowledged, sender.failed, sender.unacknowledged) == (1, 2, 1)
    assert isinstance(sender.error, TimeoutError)


def test_one_who_is_faster_than_the_broker_waits_for_it() -> None:
    producer = Producer()
    sender = Sender(producer, "trades", buffer=30)
    thread = threading.Thread(target=sender.send, args=(records(9, size=10),))
    thread.start()
    for acknowledged in range(9):
        assert producer.handed_over.acquire(timeout=30)
        assert sender.messages <= 3 + acknowledged
        if acknowledged >= 2:
            producer.futures[acknowledged - 2].done(None)
    thread.join(30)
    assert not thread.is_alive()
    assert sender.messages == 9


def test_what_failed_takes_no_room() -> None:
    producer = Producer()
    sender = Sender(producer, "trades", buffer=1)
    assert sender.send([Record(b"A", b"refused", 1), Record(b"A", b"refused", 2)]) == 2


def test_who_waits_for_the_broker_stops_when_told_and_says_how_far_it_came() -> None:
    producer, stop = Producer(), threading.Event()
    sender = Sender(producer, "trades", buffer=30, stop=stop)
    stop.set()
    assert sender.send(records(9, size=10)) == 3
    assert sender.messages == 3


def test_to_flush_is_to_wait_for_every_message() -> None:
    producer = Producer()
    sender = Sender(producer, "trades")
    sender.send(records(2))
    producer.futures[0].done(None)
    assert not sender.flush(0.01)
    threading.Timer(0.05, producer.futures[1].done, [None]).start()
    assert sender.flush(30)


def test_who_is_to_stop_waits_for_half_a_minute_in_all() -> None:
    producer, stop = Producer(), threading.Event()
    looks = iter(range(0, 1_000, 10))
    sender = Sender(producer, "trades", stop=stop, monotonic=lambda: float(next(looks)))
    sender.send(records(1))
    stop.set()
    assert not sender.settle()
    assert next(looks) == 40
    assert not sender.settle()
    assert next(looks) == 60
    producer.futures[0].done(None)
    assert sender.settle()
