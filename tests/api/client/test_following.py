"""Streams that are followed over connections that break."""

import threading
from collections.abc import Iterable
from itertools import islice
from typing import Any

import pytest
from httpx_sse import ServerSentEvent

from api.backoff import Backoff
from api.client import Client, Lost, Missed, RefusedError, Snapshot, UnreachableError, Updates
from api.client.following import Following, Message
from api.service import Service
from api.settings import Settings
from tests.api.client.harness import CLIENTS, cutting
from tests.api.harness import MINUTE, NOW, alert, book, candle, make_service, served
from tests.api.live.harness import Kafka

AT_ONCE = Backoff(first=0.001, most=0.001)
CUTS = 200


def told(messages: Iterable[Message]) -> list[Any]:
    return [row for each in messages if isinstance(each, Updates) for _, row in each.rows]


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_snapshot_comes_first_and_then_what_comes(kind: Any, kafka: Kafka, address: str) -> None:
    kafka.send(candle(close=1.0))
    kafka.send(book(), topic="book")
    with kind(address) as client:
        messages = client.follow(["candles.1m", "book"])
        first = next(messages)
        assert first.rows == {"candles.1m": [candle(close=1.0)], "book": [book()]}
        kafka.send(candle(close=2.0))
        assert next(messages).rows == [("candles.1m", candle(close=2.0))]
        messages.close()


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_cursor_goes_on_after_its_message(kind: Any, kafka: Kafka, address: str) -> None:
    kafka.send(candle(close=1.0))
    with kind(address) as client:
        (first,) = islice(client.follow(["candles.1m"]), 1)
        kafka.send(candle(close=2.0))
        messages = client.follow(["candles.1m"], cursor=first.cursor)
        assert next(messages).rows == [("candles.1m", candle(close=2.0))]
        messages.close()


def test_only_the_symbols_that_are_asked_for_come(kafka: Kafka, address: str) -> None:
    kafka.send(candle("A"), candle("B"))
    with Client(address) as client:
        (first,) = islice(client.follow(["finals.1m"], ["B"]), 1)
    assert isinstance(first, Snapshot)
    assert first.rows == {"finals.1m": [candle("B")]}


@pytest.mark.parametrize("kind", CLIENTS)
def test_over_200_disconnects_nothing_is_missing_and_nothing_comes_twice(
    kind: Any, kafka: Kafka, address: str
) -> None:
    """Cut at any byte: within the head, an event, a snapshot of several parts, or between them."""
    past = [candle(f"S{n}", close=1.0) for n in range(400)]
    kafka.send(*past)
    sent: list[Any] = []
    stop = threading.Event()

    def send() -> None:
        number = 0
        while not stop.wait(0.001):
            rows = [candle(f"S{n % 400}", close=2.0 + n) for n in range(number, number + 3)]
            number += 3
            sent.extend(rows)
            kafka.send(*rows, partition=0)

    sender = threading.Thread(target=send)
    with (
        cutting(address, CUTS, most=150_000) as proxy,
        kind(proxy.address, backoff=AT_ONCE) as client,
    ):
        messages = client.follow(["candles.1m"], snapshot=1)
        sender.start()
        whole: list[Any] = []
        for message in messages:
            whole.append(message)
            if proxy.connections > CUTS and not stop.is_set():
                stop.set()
                sender.join()
                kafka.send(candle("last", close=-1.0))
            if isinstance(message, Updates) and message.rows[-1][1].symbol == "last":
                break
        messages.close()
    snapshots = [each for each in whole if isinstance(each, Snapshot)]
    assert len(snapshots) == 1
    assert not [each for each in whole if isinstance(each, Missed)]
    assert sum(isinstance(each, Lost) for each in whole) == CUTS
    # The snapshot took in what came before it; from there on all of it comes, in order.
    *rows, last = told(whole)
    assert last.symbol == "last"
    assert rows == sent[len(sent) - len(rows) :]
    seen = {row.symbol: row for row in past}
    seen |= {row.symbol: row for row in sent[: len(sent) - len(rows)]}
    assert sorted(snapshots[0].rows["candles.1m"], key=repr) == sorted(seen.values(), key=repr)


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_service_that_restarts_is_found_again(kind: Any, service: Service) -> None:
    kafka = Kafka(service)
    with served(service) as address:
        port = int(address.rsplit(":", 1)[1])
        client = kind(address, backoff=AT_ONCE)
        messages = client.follow(["candles.1m"])
        kafka.send(candle(close=1.0))
        while not isinstance(next(messages), (Snapshot, Updates)):
            pass
    losses = [next(messages) for _ in range(3)]
    assert all(isinstance(each, Lost) for each in losses)
    again = make_service()
    newer = Kafka(again)
    newer.send(candle(close=1.0), candle(close=2.0))
    with served(again, port), client:
        following = next(each for each in messages if not isinstance(each, Lost))
        assert told([following])[-1:] == [candle(close=2.0)]
        messages.close()


def test_what_is_not_kept_any_more_is_said_to_be_missing() -> None:
    service = make_service(settings=Settings(stream_log_updates=100))
    kafka = Kafka(service)
    kafka.send(candle(close=0.0))
    with served(service) as address, Client(address) as client:
        (first,) = islice(client.follow(["candles.1m"]), 1)
        assert isinstance(first, Snapshot)
        for n in range(2_000):
            kafka.send(candle(start=NOW + n * MINUTE, close=float(n)))
        messages = client.follow(["candles.1m"], cursor=first.cursor)
        missed, snapshot = islice(messages, 2)
        assert isinstance(missed, Missed)
        assert missed.channels == ["candles.1m"]
        assert isinstance(snapshot, Snapshot)
        assert snapshot.rows["candles.1m"][-1] == candle(start=NOW + 1_999 * MINUTE, close=1_999.0)


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_channel_that_is_not_there_is_refused(kind: Any, address: str) -> None:
    with kind(address) as client, pytest.raises(RefusedError, match="no channel 'candles"):
        next(client.follow(["candles.7m"]))


def test_alerts_come_with_their_cause(kafka: Kafka, address: str) -> None:
    kafka.send(alert(), topic="alerts")
    with Client(address) as client:
        (first,) = islice(client.follow(["alerts"]), 1)
    assert isinstance(first, Snapshot)
    assert first.rows == {"alerts": [alert()]}


def event(kind: str, data: str, id: str = "") -> ServerSentEvent:
    return ServerSentEvent(event=kind, data=data, id=id)


def test_what_later_versions_say_is_passed_over() -> None:
    assert Following(["book"]).read(event("weather", "{}")) is None


def test_an_event_that_is_broken_is_told() -> None:
    with pytest.raises(UnreachableError, match="updates"):
        Following(["book"]).read(event("updates", '{"updates":[["book",{}]]}'))


def test_waits_grow_until_something_comes() -> None:
    following = Following(["book"], backoff=Backoff(1.0, 100.0, jitter=lambda: 1.0))
    assert [following.lost(None, "u").wait for _ in range(4)] == [1, 2, 4, 8]
    following.read(event("heartbeat", '{"seq":1,"time":1}'))
    assert following.lost(None, "u").wait == 1


def test_one_who_was_too_slow_is_told_so() -> None:
    following = Following(["book"])
    following.request()
    following.read(event("slow", '{"seq":9,"behind":812}'))
    assert following.lost(None, "u").reason == "too slow by 812 updates"
