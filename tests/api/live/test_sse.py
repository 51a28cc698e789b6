"""Server-sent events over real HTTP."""

import threading
import time
from typing import Any

import httpx
import psutil
import pytest

from api.service import Service
from api.settings import Settings
from tests.api.harness import HandReader, candle, make_service, served, wait_until
from tests.api.live.harness import Kafka, Stream, take


def clients(service: Service, transport: str = "sse") -> float:
    labels = {"transport": transport}
    found = service.metrics.registry.get_sample_value("tapeline_api_stream_clients", labels)
    return found or 0.0


def wait_for_clients(service: Service, count: int) -> None:
    wait_until(lambda: clients(service) == count)


def sample(service: Service, name: str) -> float:
    return service.metrics.registry.get_sample_value(f"tapeline_api_stream_{name}") or 0.0


def test_a_stream_begins_with_a_snapshot_and_goes_on(
    service: Service, kafka: Kafka, address: str
) -> None:
    kafka.send(candle(close=1.0))
    with Stream(address, channels="candles.1m", symbols="BTC/USD") as stream:
        events = stream
        first = next(events)
        assert (first.type, first.data["seq"], first.data["last"]) == ("snapshot", 1, True)
        assert first.data["rows"]["candles.1m"][0]["close"] == 1.0
        kafka.send(candle(close=2.0))
        second = next(events)
        assert (second.type, second.data["seq"]) == ("updates", 2)
        ((channel, row),) = second.data["updates"]
        assert (channel, row["close"]) == ("candles.1m", 2.0)
        assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no"
        assert clients(service) == 1
        assert sample(service, "deliveries_total") == 1
        assert sample(service, "lag_seconds_count") >= 1
    wait_until(lambda: clients(service) == 0)


@pytest.mark.parametrize("how", ["Last-Event-ID", "cursor"])
def test_it_goes_on_where_the_last_event_was(kafka: Kafka, address: str, how: str) -> None:
    kafka.send(candle(close=1.0))
    with Stream(address, channels="candles.1m") as stream:
        (first,) = take(stream, "snapshot")
    kafka.send(candle(close=2.0))
    headers = {how: first.id} if how != "cursor" else {}
    # A browser comes back to the address it had, with its old cursor: the header is newer.
    query = {"cursor": first.id if how == "cursor" else "outdated"}
    with Stream(address, headers, channels="candles.1m", **query) as stream:
        event = next(stream)
        assert [row["close"] for _, row in event.data["updates"]] == [2.0]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ({}, "channels"),
        ({"channels": ""}, "channels: expected at least one"),
        ({"channels": "candles.1m,trades"}, "there is no channel 'trades'"),
        ({"channels": "candles.2m"}, "there is no channel 'candles.2m'"),
        ({"channels": "candles"}, "there is no channel 'candles'"),
        ({"channels": "book", "symbols": "BTC*"}, "expected whole symbols"),
        ({"channels": "book", "symbols": "x" * 33}, "expected 1 to 32 characters"),
        ({"channels": "book", "symbols": ",".join(map(str, range(1_001)))}, "at most 1000"),
        ({"channels": "book", "snapshot": "5001"}, "snapshot"),
        ({"channels": "book", "cursor": "zzz"}, "cursor: expected one that came"),
        ({"channels": "book", "channel": "book"}, "there is no parameter 'channel'"),
    ],
)
def test_what_cannot_be_told_is_a_problem(address: str, query: dict[str, str], detail: str) -> None:
    answer = httpx.get(f"{address}/stream", params=query, trust_env=False)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert detail in answer.json()["detail"]


def test_there_is_a_heartbeat_in_silence(reader: HandReader) -> None:
    service = make_service(time_ms, reader, settings=Settings(stream_heartbeat_ms=100))
    Kafka(service)
    with served(service) as address, Stream(address, channels="candles.1m") as stream:
        first, second = take(stream, "heartbeat", 2)
        assert second.data["seq"] == first.data["seq"] + 1
        assert second.data["time"] - first.data["time"] >= 100


def time_ms() -> int:
    return time.time_ns() // 1_000_000


def test_one_that_does_not_read_is_dropped_and_the_others_get_all() -> None:
    settings = Settings(stream_queue_messages=50, stream_queue_bytes=1 << 19)
    service = make_service(time_ms, settings=settings)
    kafka = Kafka(service)
    got: list[int] = []
    with served(service) as address:
        process = psutil.Process()
        before = len(process.net_connections("tcp"))
        with (
            Stream(address, channels="candles.1m") as good,
            Stream(address, channels="candles.1m") as bad,
        ):
            events = good
            take(events, "snapshot")
            wait_until(lambda: clients(service) == 2)
            padding = ' "padding": "' + "x" * 20_000 + '"}'
            number = 0

            def send() -> None:
                nonlocal number
                row = b'{"symbol": "A", "interval": "1m", "start": %d,' % number
                rest = candle_rest()
                kafka.send(row + rest[:-1] + b"," + padding.encode())
                number += 1

            deadline = time.monotonic() + 60
            while sample(service, "cut_off_total") == 0:
                assert time.monotonic() < deadline
                for _ in range(10):
                    send()
                while len(got) < number:
                    (event,) = take(events, "updates")
                    got += [row["start"] for _, row in event.data["updates"]]
            # Nothing more is held for it: the connection is dropped although it was never read.
            wait_until(lambda: clients(service) == 1)
            wait_until(lambda: len(process.net_connections("tcp")) <= before + 3)
            send()
            (event,) = take(events, "updates")
            got += [row["start"] for _, row in event.data["updates"]]
            assert got == list(range(number))
            assert bad.status == 200
        assert sample(service, "cut_off_total") == 1


def candle_rest() -> bytes:
    import msgspec

    row: dict[str, Any] = msgspec.to_builtins(candle())
    for name in ("symbol", "interval", "start"):
        del row[name]
    return msgspec.json.encode(row)[1:]


def test_one_that_reads_again_learns_that_it_was_slow() -> None:
    service = make_service(time_ms, settings=Settings(stream_queue_messages=3))
    kafka = Kafka(service)
    with served(service) as address, Stream(address, channels="candles.1m") as stream:
        take(stream, "snapshot")
        deadline = time.monotonic() + 60
        while sample(service, "cut_off_total") == 0:
            assert time.monotonic() < deadline
            kafka.send(*(candle(f"S{m}") for m in range(300)))
        *_, last = stream
        assert last.type == "slow"
        assert last.data["behind"] > 0


def test_there_are_limits_of_all_and_of_one_address(reader: HandReader) -> None:
    for settings, status in (
        (Settings(stream_max_per_address=2), 429),
        (Settings(stream_max_clients=2), 503),
    ):
        service = make_service(settings=settings)
        Kafka(service)
        with served(service) as address:
            with Stream(address, channels="book") as first, Stream(address, channels="book"):
                take(first, "snapshot")
                wait_for_clients(service, 2)
                refused = httpx.get(f"{address}/stream?channels=book", trust_env=False)
                assert refused.status_code == status
                assert refused.json()["type"] == "urn:tapeline:too-many-streams"
                assert refused.headers["retry-after"] == "10"
            wait_for_clients(service, 0)
            with Stream(address, channels="book") as again:
                take(again, "snapshot")
        assert sample(service, "refused_total") == 1


def test_streams_end_at_once_when_the_service_stops(service: Service) -> None:
    kafka = Kafka(service)
    ended: list[list[str]] = []

    def follow(stream: Stream) -> None:
        ended.append([event.type for event in stream])

    with served(service) as address:
        streams = [Stream(address, channels="candles.1m") for _ in range(5)]
        for stream in streams:
            take(stream, "snapshot")
        threads = [threading.Thread(target=follow, args=[each]) for each in streams]
        for thread in threads:
            thread.start()
        kafka.send(candle())
        wait_until(lambda: sample(service, "deliveries_total") == 5)
        told = time.monotonic()
    assert time.monotonic() - told < 1
    for thread in threads:
        thread.join(5)
    assert len(ended) == 5
    for stream in streams:
        stream.__exit__()
    assert clients(service) == 0
