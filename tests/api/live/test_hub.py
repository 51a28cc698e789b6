"""What clients are told, whatever happens to them: rounds are made by hand, and no clock runs."""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.intake import Intake
from api.live.client import Client
from api.live.cursor import Cursor, read_cursor
from api.records import Candle
from api.service import Service
from api.settings import Settings
from tests.api.harness import MINUTE, NOW, Clock, alert, book, candle, flow, make_service
from tests.api.live.harness import Kafka, Record, enter, read, updates

PARTITIONS = 3


def numbered(n: int, symbol: str = "BTC/USD", *, final: bool = False, revision: int = 0) -> Candle:
    """A candle that tells its number by its close."""
    return candle(symbol, start=NOW, close=float(n), final=final, revision=revision)


def numbers(messages: list[dict[str, Any]], channel: str = "candles.1m") -> list[int]:
    return [int(row["close"]) for name, row in updates(messages) if name == channel]


@pytest.fixture
def often() -> Iterator[None]:
    """Threads take turns so often that each is interrupted anywhere."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


class Follower:
    """A client that goes away and comes back, to any instance, and keeps what it was told."""

    def __init__(self, channels: str, symbols: str) -> None:
        self.channels, self.symbols = channels, symbols
        self.cursor = ""
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.snapshot: list[dict[str, Any]] = []
        self.others: list[str] = []

    def come(self, service: Service) -> None:
        since = read_cursor(self.cursor) if self.cursor else None
        self.service = service
        self.client = enter(service, self.channels, self.symbols, 1, since)

    def read(self, share: float = 1.0) -> None:
        """Read the first of what waits; of the rest nothing ever arrives."""
        messages = read(self.client)
        for each in messages[: round(share * len(messages))]:
            self.cursor = each.get("cursor", self.cursor)
            if each["type"] == "updates":
                self.got += updates([each])
            elif each["type"] == "snapshot":
                self.snapshot.append(each)
            else:
                self.others.append(each["type"])

    def go(self) -> None:
        self.service.hub.leave(self.client)


def run(random: Random, disconnects: int, channels: str, symbols: str) -> None:
    """Two instances read the same topics; a client that jumps between them misses nothing."""
    sent: list[list[bytes]] = [[] for _ in range(PARTITIONS)]
    instances = [make_service(), make_service()]
    feeds = [Kafka(each) for each in instances]
    number = 0

    def produce() -> None:
        nonlocal number
        for _ in range(random.randint(0, 12)):
            symbol = random.choice("ABCDEF")
            final = random.random() < 0.3
            row = numbered(number, symbol, final=final, revision=number if final else 0)
            sent["ABCDEF".index(symbol) % PARTITIONS].append(msgspec.json.encode(row))
            number += 1

    def poll(feed: Kafka, whole: bool = False) -> None:
        for partition, values in enumerate(sent):
            at = feed.offsets.get(("candles", partition), 0)
            until = len(values) if whole else random.randint(at, len(values))
            feed.take([Record(n, values[n]) for n in range(at, until)], partition=partition)

    produce()
    for feed in feeds:
        poll(feed, whole=True)
    before = [len(values) for values in sent]
    follower = Follower(channels, symbols)
    follower.come(instances[0])
    follower.read()
    (snapshot,) = follower.snapshot
    assert snapshot["last"]
    for _ in range(disconnects):
        for _ in range(random.randint(0, 3)):
            produce()
            for feed, instance in zip(feeds, instances, strict=True):
                poll(feed)
                instance.hub.round()
            if random.random() < 0.5:
                follower.read()
        follower.read(random.random())
        follower.go()
        follower.come(random.choice(instances))
    for feed, instance in zip(feeds, instances, strict=True):
        poll(feed, whole=True)
        instance.hub.round()
    follower.read()

    wanted = follower.symbols.split(",") if follower.symbols else list("ABCDEF")
    assert follower.others == []
    assert len(follower.snapshot) == 1
    for partition, values in enumerate(sent):
        rows = [msgspec.json.decode(value) for value in values[before[partition] :]]
        expected = [
            (channel, row)
            for row in rows
            if row["symbol"] in wanted
            for channel in channels.split(",")
            if channel == "candles.1m" or row["final"]
        ]
        own = [each for each in follower.got if "ABCDEF".index(each[1]["symbol"]) % 3 == partition]
        assert own == expected


@given(
    st.randoms(use_true_random=False),
    st.integers(0, 8),
    st.sampled_from(["candles.1m", "finals.1m", "candles.1m,finals.1m"]),
    st.sampled_from(["", "A", "A,B,F"]),
)
def test_a_client_that_comes_back_anywhere_gets_all_that_it_missed_once(
    random: Random, disconnects: int, channels: str, symbols: str
) -> None:
    run(random, disconnects, channels, symbols)


def test_of_200_disconnects_none_loses_or_doubles_an_update() -> None:
    run(Random(7), 200, "candles.1m,finals.1m", "")


def test_a_snapshot_fits_what_follows_while_the_reader_writes(often: None) -> None:
    service = make_service(
        settings=Settings(stream_queue_bytes=1 << 30, stream_queue_messages=10_000)
    )
    kafka = Kafka(service)
    kafka.send(numbered(0))
    clients: list[Client] = []
    done = threading.Event()

    def write() -> None:
        for n in range(1, 9_001, 300):
            kafka.send(*map(numbered, range(n, n + 300)))
            time.sleep(0)  # or it would be done before many clients came
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    told: dict[int, list[dict[str, Any]]] = {}
    while not done.is_set():
        if len(clients) < 50:
            clients.append(enter(service))
        service.hub.round()
        for number, client in enumerate(clients):
            told.setdefault(number, []).extend(read(client))
    writer.join()
    service.hub.round()
    assert len(clients) > 1
    for number, client in enumerate(clients):
        first, *others = told[number] + read(client)
        (row,) = first["rows"]["candles.1m"]
        assert numbers(others) == list(range(int(row["close"]) + 1, 9_001))


def test_no_snapshot_is_taken_between_memory_and_log() -> None:
    service = make_service()
    Kafka(service)
    came: list[Client] = []
    thread = threading.Thread(target=lambda: came.append(enter(service)))

    def put(rows: Iterable[Candle]) -> None:
        service.store.put(rows)
        thread.start()
        thread.join(0.2)  # it cannot end: it waits for this poll

    intake = Intake("candles", msgspec.json.Decoder(Candle), put)
    service.hub.take(intake, 0, [Record(0, msgspec.json.encode(numbered(1)))])
    thread.join()
    service.hub.round()
    (snapshot,) = read(came[0])
    assert snapshot["rows"]["candles.1m"][0]["close"] == 1


def test_a_snapshot_has_the_newest_rows_of_each_series_of_each_channel() -> None:
    service = make_service(settings=Settings(alerts_file="x"))
    kafka = Kafka(service)
    kafka.send(*(candle("A", start=NOW + n * MINUTE, final=n < 3) for n in range(5)))
    kafka.send(candle("B"), candle("A", "1h"))
    kafka.send(flow(symbol="A"), topic="order_flow")
    kafka.send(book("A"), book("B", 7.0), topic="book")
    kafka.send(*(alert(n, symbol="A") for n in range(4)), topic="alerts")
    client = enter(service, "candles.1m,finals.1m,order_flow.1m,book,alerts,trends", count=2)
    (message,) = read(client)
    rows = message["rows"]
    assert [(row["symbol"], row["start"]) for row in rows["candles.1m"]] == [
        ("B", NOW),
        ("A", NOW + 3 * MINUTE),
        ("A", NOW + 4 * MINUTE),
    ]
    assert [row["start"] for row in rows["finals.1m"]] == [NOW, NOW + MINUTE, NOW + 2 * MINUTE]
    assert [row["best_bid"] for row in rows["book"]] == [101.5, 7.0]
    assert [row["timestamp"] for row in rows["alerts"]] == [NOW + 2, NOW + 3]
    assert len(rows["order_flow.1m"]) == 1
    assert "trends" not in rows
    only = read(enter(service, "candles.1m,book,alerts", "B"))[0]["rows"]
    assert {name: [row["symbol"] for row in own] for name, own in only.items()} == {
        "candles.1m": ["B"],
        "book": ["B"],
    }
    assert read(enter(service, count=0))[0]["rows"] == {}


def test_a_long_snapshot_comes_in_parts_of_which_the_last_alone_has_a_cursor() -> None:
    service = make_service()
    kafka = Kafka(service)
    kafka.send(*(candle(f"S{n}") for n in range(2_000)))
    client = enter(service)
    parts = read(client)
    assert len(parts) > 4
    assert [each["seq"] for each in parts] == list(range(1, len(parts) + 1))
    assert [each["last"] for each in parts] == [False] * (len(parts) - 1) + [True]
    assert [bool(each.get("cursor")) for each in parts] == [each["last"] for each in parts]
    symbols = [row["symbol"] for each in parts for row in each["rows"]["candles.1m"]]
    assert symbols == [f"S{n}" for n in range(2_000)]


def test_a_snapshot_is_bounded_but_has_every_series() -> None:
    service = make_service(settings=Settings(stream_snapshot_rows=10))
    kafka = Kafka(service)
    for symbol in "ABCD":
        kafka.send(*(candle(symbol, start=NOW + n * MINUTE) for n in range(9)))
    (message,) = read(enter(service, count=5_000))
    assert len(message["rows"]["candles.1m"]) == 8
    (message,) = read(enter(service, "candles.1m,candles.1s,trends", count=5_000))
    assert len(message["rows"]["candles.1m"]) == 4


def test_rows_come_as_they_stand_on_kafka_in_one_line() -> None:
    service = make_service()
    kafka = Kafka(service)
    client = enter(service)
    read(client)
    raw = msgspec.json.encode(numbered(1, "ÄÖ/USD"))[:-1] + b',"new":1.0E-5}'
    broken = msgspec.json.encode(numbered(2))[:-1] + b',"new":"\xff"}'
    kafka.send(raw, broken, raw.replace(b",", b",\r\n"), b"{", b"")
    service.hub.round()
    (message,) = client.outbox.take_now()
    assert message.body.count(raw) == 1
    assert message.count == 2
    assert b"\n" not in message.body
    assert b"\r" not in message.body


def test_what_was_asked_for_comes_and_nothing_else() -> None:
    service = make_service()
    kafka = Kafka(service)
    forming = enter(service, "candles.1m", "A")
    final = enter(service, "finals.1m", "A,B")
    every = enter(service, "candles.1m,book")
    hour = enter(service, "candles.1h")
    clients = [forming, final, every, hour]
    for client in clients:
        read(client)
    kafka.send(numbered(1, "A"), numbered(2, "B"), numbered(3, "A", final=True))
    kafka.send(book("A"), topic="book")
    service.hub.round()
    told = [[(name, row.get("close")) for name, row in updates(read(client))] for client in clients]
    assert told == [
        [("candles.1m", 1.0), ("candles.1m", 3.0)],
        [("finals.1m", 3.0)],
        [("candles.1m", 1.0), ("candles.1m", 2.0), ("candles.1m", 3.0), ("book", None)],
        [],
    ]


def test_clients_that_ask_for_the_same_share_a_message() -> None:
    service = make_service()
    kafka = Kafka(service)
    clients = [enter(service) for _ in range(3)]
    for client in clients:
        read(client)
    kafka.send(numbered(1))
    service.hub.round()
    first, *others = [client.outbox.take_now()[0] for client in clients]
    assert all(each is first for each in others)


def test_many_updates_of_one_round_are_cut_and_each_part_is_a_place_to_go_on() -> None:
    service = make_service()
    kafka = Kafka(service)
    client = enter(service, "candles.1m,finals.1m")
    read(client)
    for partition in range(3):
        kafka.send(*(numbered(n, final=n % 2 == 0) for n in range(600)), partition=partition)
    service.hub.round()
    parts = read(client)
    assert len(parts) > 3
    for number in range(len(parts)):
        since = read_cursor(parts[number]["cursor"])
        again = read(enter(service, "candles.1m,finals.1m", since=since))
        assert updates(again) == updates(parts[number + 1 :])


def gap_then_snapshot(messages: list[dict[str, Any]], reason: str) -> None:
    gap, snapshot = messages
    assert gap["type"] == "gap"
    assert reason in gap["reason"]
    assert gap["channels"] == ["candles.1m"]
    assert (gap["seq"], snapshot["seq"]) == (1, 2)
    assert snapshot["type"] == "snapshot"


def test_a_cursor_of_what_is_not_kept_any_more_gets_a_gap_a_snapshot_and_what_follows() -> None:
    service = make_service(settings=Settings(stream_log_updates=10))
    kafka = Kafka(service)
    kafka.send(numbered(0))
    client = enter(service)
    cursor = read_cursor(read(client)[0]["cursor"])
    kafka.send(*(numbered(n) for n in range(1, 11)))
    assert numbers(read(enter(service, since=cursor))) == list(range(1, 11))
    kafka.send(numbered(11))
    late = enter(service, since=cursor)
    messages = read(late)
    gap_then_snapshot(messages, "further than what is kept")
    assert messages[1]["rows"]["candles.1m"][0]["close"] == 11
    kafka.send(numbered(12))
    service.hub.round()
    assert numbers(read(late)) == [12]


def test_a_quiet_topic_keeps_its_past_beside_a_busy_one() -> None:
    service = make_service(settings=Settings(stream_log_updates=100))
    kafka = Kafka(service)
    kafka.send(book(), topic="book")
    (first,) = read(enter(service, "book"))
    kafka.send(book(best_bid=7.0), topic="book")
    for n in range(500):
        kafka.send(numbered(n))
    cursor = read_cursor(first["cursor"])
    assert [row["best_bid"] for _, row in updates(read(enter(service, "book", since=cursor)))] == [
        7
    ]


def test_a_cursor_of_other_channels_gets_a_gap() -> None:
    service = make_service()
    Kafka(service)
    (first,) = read(enter(service, "book"))
    messages = read(enter(service, since=read_cursor(first["cursor"])))
    gap_then_snapshot(messages, "nothing of candles")


def test_a_cursor_that_is_ahead_waits_for_the_reader_but_not_for_ever() -> None:
    clock = Clock()
    ahead, behind = make_service(), make_service(clock)
    kafka, later = Kafka(ahead), Kafka(behind)
    kafka.send(numbered(1), numbered(2))
    later.send(numbered(1))
    cursor = read_cursor(read(enter(ahead))[0]["cursor"])
    client, other = enter(behind, since=cursor), enter(behind, since=cursor)
    assert read(client) == []
    later.send(numbered(2), numbered(3))
    behind.hub.round()
    assert numbers(read(client)) == [3]
    assert numbers(read(other)) == [3]

    gone = make_service(clock)
    Kafka(gone).send(numbered(1))
    client = enter(gone, since=cursor)
    clock.now += 10_000
    gone.hub.round()
    gap_then_snapshot(read(client), "ahead of what there is")


def test_a_partition_that_is_new_since_the_cursor_comes_from_its_beginning() -> None:
    service = make_service()
    kafka = Kafka(service)
    kafka.send(numbered(1))
    cursor = read_cursor(read(enter(service))[0]["cursor"])
    service.hub.begin("candles", 1, 0)
    kafka.send(numbered(2), partition=1)
    assert numbers(read(enter(service, since=cursor))) == [2]


@pytest.mark.parametrize(
    "happens",
    [
        lambda service, kafka: service.hub.begin("candles", 0, 100),
        lambda service, kafka: kafka.take([Record(0, msgspec.json.encode(numbered(9)))]),
    ],
    ids=["Kafka deleted what was not read", "the topic was made anew"],
)
def test_a_hole_in_the_topic_is_told_to_those_who_listen(
    happens: Callable[[Service, Kafka], None],
) -> None:
    service = make_service()
    kafka = Kafka(service)
    kafka.send(numbered(1), numbered(2))
    client = enter(service)
    other = enter(service, "book")
    first, quiet = read(client)[0], read(other)[0]
    happens(service, kafka)
    service.hub.round()
    messages = read(client)
    assert [each["type"] for each in messages] == ["gap", "snapshot"]
    assert messages[0]["seq"] == first["seq"] + 1
    assert read(other) == []
    assert quiet["type"] == "snapshot"
    kafka.take([Record(200, msgspec.json.encode(numbered(10)))])
    service.hub.round()
    assert numbers(read(client)) == [10]


def test_more_than_can_be_told_at_once_is_a_gap_not_a_loss() -> None:
    service = make_service(settings=Settings(stream_log_updates=10))
    kafka = Kafka(service)
    client = enter(service)
    read(client)
    kafka.send(*(numbered(n) for n in range(11)))
    service.hub.round()
    gap, snapshot = read(client)
    assert (gap["type"], gap["reason"]) == ("gap", "more came than can be told")
    assert snapshot["rows"]["candles.1m"][0]["close"] == 10


def test_a_consumer_that_connects_again_where_it_was_makes_no_hole() -> None:
    service = make_service()
    kafka = Kafka(service)
    kafka.send(numbered(1))
    client = enter(service)
    cursor = read_cursor(read(client)[0]["cursor"])
    service.hub.look({("candles", 0): 3}, ())  # past the markers of a transaction
    service.hub.begin("candles", 0, 1)
    kafka.take([Record(3, msgspec.json.encode(numbered(2)))])
    service.hub.round()
    assert numbers(read(client)) == [2]
    assert numbers(read(enter(service, since=cursor))) == [2]


def test_a_client_waits_until_its_topics_are_read_and_hears_that_it_is_alive() -> None:
    clock = Clock()
    service = make_service(clock)
    kafka = Kafka(service, caught_up=False)
    kafka.send(numbered(1))
    client = enter(service)
    other = enter(service, "candles.1m,book")
    assert read(client) == []
    clock.now += 10_000
    service.hub.sweep()
    (beat,) = read(client)
    assert beat == {"type": "heartbeat", "seq": 1, "time": clock.now}
    service.hub.look({}, ["candles"])
    service.hub.round()
    (snapshot,) = read(client)
    assert (snapshot["seq"], snapshot["rows"]["candles.1m"][0]["close"]) == (2, 1)
    assert [each["type"] for each in read(other)] == ["heartbeat"]


def test_of_the_past_that_is_read_at_the_start_the_newest_is_kept() -> None:
    service = make_service(settings=Settings(stream_log_updates=10))
    kafka = Kafka(service, caught_up=False)
    service.hub.begin("candles", 0, 0, end=25)
    kafka.send(*(numbered(n) for n in range(12)))
    kafka.send(*(numbered(n) for n in range(12, 25)))
    service.hub.look({}, ["candles"])
    for offset in (15, 20, 25):
        since = Cursor({"candles": [offset]})
        assert numbers(read(enter(service, since=since))) == list(range(offset, 25))
    gap_then_snapshot(
        read(enter(service, since=Cursor({"candles": [14]}))), "further than what is kept"
    )


def test_a_topic_that_is_not_read_keeps_nobody_waiting() -> None:
    service = make_service()  # without alerts
    Kafka(service, caught_up=False)
    assert [each["type"] for each in read(enter(service, "alerts"))] == ["snapshot"]


def test_a_heartbeat_comes_after_silence_alone_and_is_a_place_to_go_on() -> None:
    clock = Clock()
    service = make_service(clock)
    kafka = Kafka(service)
    client, quiet = enter(service), enter(service, "candles.1m", "OTHER")
    read(client)
    read(quiet)
    clock.now += 9_999
    kafka.send(numbered(1))
    service.hub.round()
    clock.now += 1
    service.hub.sweep()
    assert [each["type"] for each in read(client)] == ["updates"]
    (beat,) = read(quiet)
    assert (beat["type"], beat["time"]) == ("heartbeat", clock.now)
    kafka.send(numbered(2), numbered(3, "OTHER"))
    again = enter(service, "candles.1m", "OTHER", since=read_cursor(beat["cursor"]))
    assert numbers(read(again)) == [3]
    clock.now -= 60_000  # a clock that is put back must not silence heartbeats for a minute
    service.hub.sweep()
    assert [each["type"] for each in read(quiet)] == ["updates", "heartbeat"]


def test_a_client_over_its_bounds_is_told_how_far_behind_it_is_and_the_others_get_all() -> None:
    service = make_service(settings=Settings(stream_queue_messages=5))
    kafka = Kafka(service)
    slow, fast = enter(service), enter(service)
    read(fast)
    for n in range(10):
        kafka.send(numbered(n))
        service.hub.round()
        assert numbers(read(fast)) == [n]
    (last,) = read(slow)
    assert last == {"type": "slow", "seq": 1, "behind": 4}
    assert slow.outbox.closed
    assert slow.slow


def test_bytes_are_bounded_too() -> None:
    service = make_service(settings=Settings(stream_queue_bytes=2_000))
    kafka = Kafka(service)
    client = enter(service)
    for n in range(10):
        kafka.send(numbered(n))
        service.hub.round()
        assert client.outbox.bytes <= 2_000
    assert client.slow


def test_a_client_that_reads_nothing_of_a_write_is_cut_off_in_time() -> None:
    clock = Clock()
    service = make_service(clock)
    client, other = enter(service), enter(service)
    client.writing_since = clock.now
    clock.now += 14_999
    service.hub.sweep()
    assert not client.slow
    clock.now += 1
    service.hub.sweep()
    assert client.slow
    assert not other.slow


def test_who_leaves_is_forgotten() -> None:
    service = make_service()
    kafka = Kafka(service)
    client = enter(service)
    service.hub.leave(client)
    read(client)
    kafka.send(numbered(1))
    service.hub.round()
    assert read(client) == []
    assert len(service.hub._groups) == 0
    assert not service.hub._groups._hearing
    assert not service.hub._clients
