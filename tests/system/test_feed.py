"""The service's reader against a real broker."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaProducer
from kafka.admin import NewPartitions

from api.records import Candle
from api.service import Service
from api.settings import Settings
from scripts.stack.broker import Broker
from scripts.stack.ports import free_port
from scripts.stack.waiting import wait_until
from tests.api.harness import MINUTE, NOW, account, candle, dead_letter, source
from tests.api.test_late import late_trade
from tests.system.harness import Message, send

pytestmark = pytest.mark.system

Topics = tuple[str, ...]
Running = Callable[..., AbstractContextManager[Service]]
_numbers = itertools.count(1)


@pytest.fixture
def topics() -> Topics:
    number = next(_numbers)
    names = "candles dead_letters ledger order_flow book indicators trends anomalies quality "
    names += "correlations late_trades"
    return tuple(f"feed_{name}_{number}" for name in names.split())


@pytest.fixture
def running(topics: Topics) -> Running:
    """Runs a reader: ``with running(bootstrap_servers, **settings) as service``."""

    @contextmanager
    def run(bootstrap_servers: str, **settings: int) -> Iterator[Service]:
        service = Service.build(
            Settings(
                bootstrap_servers=bootstrap_servers,
                candles_topic=topics[0],
                dead_letters_topic=topics[1],
                ledger_topic=topics[2],
                order_flow_topic=topics[3],
                book_topic=topics[4],
                indicators_topic=topics[5],
                trends_topic=topics[6],
                anomalies_topic=topics[7],
                quality_topic=topics[8],
                correlations_topic=topics[9],
                late_trades_topic=topics[10],
                **settings,  # type: ignore[arg-type]
            )
        )
        service.reader.start()
        try:
            yield service
        finally:
            service.reader.stop()

    return run


def message(each: Candle, partition: int | None = None) -> Message:
    key = msgspec.json.encode({"symbol": each.symbol, "interval": each.interval})
    return Message(msgspec.json.encode(each), each.start, key, partition)


def minutes(count: int, first: int = 0) -> list[Message]:
    return [message(candle(start=NOW + n * MINUTE)) for n in range(first, first + count)]


def caught_up(service: Service) -> None:
    wait_until(lambda: service.reader.reading.caught_up, "the reader to catch up")


def holds(service: Service, candles: int) -> None:
    wait_until(lambda: service.store.size().rows == candles, f"{candles} candles in the store")


def counted(service: Service, metric: str, topic: str) -> float:
    return service.metrics.registry.get_sample_value(metric, {"topic": topic}) or 0.0


def test_all_of_the_past_is_read_and_then_what_comes(
    broker: Broker, topics: Topics, running: Running
) -> None:
    broker.create_topics(*topics, partitions=3)
    send(broker, topics[0], minutes(100))
    send(broker, topics[1], [Message(msgspec.json.encode(dead_letter(n))) for n in range(5)])
    accounts = [account(n, source(candles=10)) for n in range(5)]
    send(broker, topics[2], [Message(msgspec.json.encode(each)) for each in accounts])
    send(broker, topics[10], [Message(msgspec.json.encode(late_trade(n))) for n in range(3)])
    with running(broker.bootstrap_servers) as service:
        caught_up(service)
        assert service.store.size().rows == 100
        assert service.late.of("BTC/USD") == [late_trade(n) for n in range(3)]
        assert len(service.dead_letters) == 5
        assert service.ledger.total().candles == 50
        send(broker, topics[0], minutes(10, first=100))
        holds(service, 110)
        wait_until(lambda: not any(service.reader.reading.lag.values()), "no lag")


def test_a_restarted_service_rebuilds_what_it_had(
    broker: Broker, topics: Topics, running: Running
) -> None:
    broker.create_topics(*topics, partitions=2)
    forming = [message(candle(start=NOW, final=False, close=100 + n / 100)) for n in range(50)]
    send(broker, topics[0], [*minutes(50, first=1), *forming])
    answers = []
    for _ in range(2):
        with running(broker.bootstrap_servers) as service:
            caught_up(service)
            answers.append(service.store.rows("BTC/USD", "1m", limit=100))
    assert len(answers[0]) == 51
    assert answers[0] == answers[1]


def test_a_malformed_message_is_counted_and_skipped(
    broker: Broker, topics: Topics, running: Running
) -> None:
    broker.create_topics(*topics)
    bad = [Message(b"{"), Message(b"\xff\x00"), Message(b'{"symbol": 1}')]
    send(broker, topics[0], [*minutes(1), *bad, *minutes(1, first=1)])
    with running(broker.bootstrap_servers) as service:
        caught_up(service)
        assert service.store.size().rows == 2
        assert counted(service, "tapeline_api_decode_failures_total", topics[0]) == 3
        assert counted(service, "tapeline_api_messages_total", topics[0]) == 5


def test_topics_that_do_not_exist_yet_are_named_and_waited_for(
    broker: Broker, topics: Topics, running: Running
) -> None:
    with running(broker.bootstrap_servers) as service:
        wait_until(lambda: {*service.reader.reading.missing} == {*topics}, "no topic to be there")
        assert f"topic {topics[0]} does not exist" in service.readiness().reasons
        broker.create_topics(*topics)
        send(broker, topics[0], minutes(3))
        caught_up(service)
        holds(service, 3)


def test_new_partitions_are_picked_up(broker: Broker, topics: Topics, running: Running) -> None:
    broker.create_topics(*topics)
    with running(broker.bootstrap_servers) as service:
        caught_up(service)
        with broker.admin() as admin:
            admin.create_partitions({topics[0]: NewPartitions(total_count=3)})
        send(broker, topics[0], [message(candle(), partition=2)])
        holds(service, 1)


def test_a_broker_that_is_killed_and_comes_back_is_read_on_from_where_it_was(
    broker: Broker, topics: Topics, running: Running
) -> None:
    broker.create_topics(*topics, partitions=2)
    send(broker, topics[0], minutes(10))
    with running(broker.bootstrap_servers) as service:
        caught_up(service)
        holds(service, 10)
        broker.kill()
        try:
            wait_until(
                lambda: any("broker" in each for each in service.readiness().reasons),
                "the service to miss its broker",
            )
        finally:
            broker.start()
        send(broker, topics[0], minutes(10, first=10))
        holds(service, 20)
        wait_until(lambda: not service.reader.reading.trouble, "the trouble to be over")
        assert counted(service, "tapeline_api_messages_total", topics[0]) == 20


def test_a_broker_may_come_later_than_the_service(
    topics: Topics, running: Running, tmp_path: Path
) -> None:
    broker = Broker(tmp_path, free_port())
    with running(broker.bootstrap_servers) as service:
        wait_until(lambda: bool(service.reader.reading.trouble), "the reader to say so")
        try:
            broker.start()
            broker.create_topics(*topics)
            send(broker, topics[0], minutes(1))
            caught_up(service)
            holds(service, 1)
        finally:
            broker.stop()


def test_no_more_than_the_newest_messages_are_replayed(
    broker: Broker, topics: Topics, running: Running
) -> None:
    broker.create_topics(*topics)
    send(broker, topics[0], minutes(50))
    with running(broker.bootstrap_servers, max_replay=20) as service:
        caught_up(service)
        kept = service.store.rows("BTC/USD", "1m", limit=100)
        assert [each.start for each in kept] == [NOW + n * MINUTE for n in range(30, 50)]


def test_what_a_transaction_takes_back_is_never_seen(
    broker: Broker, topics: Topics, running: Running
) -> None:
    broker.create_topics(*topics)
    producer = KafkaProducer(
        bootstrap_servers=broker.bootstrap_servers, transactional_id=f"{topics[0]}-writer"
    )
    try:
        producer.init_transactions()
        for number, commit in enumerate([True, False, True, False]):
            producer.begin_transaction()
            producer.send(topics[0], minutes(1, first=number)[0].value)
            producer.flush()
            if commit:
                producer.commit_transaction()
            else:
                producer.abort_transaction()
    finally:
        producer.close()
    with running(broker.bootstrap_servers) as service:
        caught_up(service)  # though the last offsets are markers that no reader is given
        kept = service.store.rows("BTC/USD", "1m", limit=100)
        assert [each.start for each in kept] == [NOW, NOW + 2 * MINUTE]
