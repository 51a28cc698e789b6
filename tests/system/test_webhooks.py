"""Webhooks against a real broker: alerts on Kafka, receivers on the loopback interface."""

import gc
import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from kafka.admin import NewPartitions
from pydantic import SecretStr

from api.records import Alert
from api.service import Service, wall_clock
from api.settings import Settings
from api.webhooks import kafka_source
from api.webhooks.signature import sign
from scripts.stack.broker import Broker
from scripts.stack.waiting import wait_until
from tests.api.harness import alert
from tests.api.webhooks.harness import Receiver, Scripted
from tests.system.harness import Message, everything, send

pytestmark = pytest.mark.system

SECRET = "a secret of the desk"
PARTITIONS = 3
Running = Callable[..., AbstractContextManager[Service]]
_numbers = itertools.count(1)


@pytest.fixture
def topics(broker: Broker) -> tuple[str, str]:
    """Those of alerts and of undelivered ones."""
    number = next(_numbers)
    names = f"webhooks_alerts_{number}", f"webhooks_undelivered_{number}"
    broker.create_topics(*names, partitions=PARTITIONS)
    return names


@pytest.fixture
def running(
    broker: Broker, topics: tuple[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> Running:
    """Runs a service with one webhook: ``with running(url, **settings) as service``."""
    # As in the service itself. Here, what is logged would keep sockets from being collected.
    caplog.set_level(logging.CRITICAL, "kafka")

    @contextmanager
    def run(url: str, **settings: object) -> Iterator[Service]:
        file = tmp_path / "alerts.yaml"
        file.write_text(f"webhooks: [{{name: desk, url: '{url}'}}]")
        values = {
            "bootstrap_servers": broker.bootstrap_servers,
            "alerts_topic": topics[0],
            "undelivered_alerts_topic": topics[1],
            "alerts_file": str(file),
            "group_id": topics[0],
            "webhook_secrets": SecretStr(f"desk={SECRET}"),
            "webhook_allow_private": True,
            "webhook_backoff_ms": 10,
            **settings,
        }
        service = Service.build(Settings.model_validate(values))
        service.reader.start()
        service.webhooks.start()
        try:
            yield service
        finally:
            service.webhooks.stop()
            service.reader.stop()
            gc.collect()  # while that is not an error

    return run


def some(count: int, first: int = 0) -> list[Alert]:
    """Alerts of now, of symbols that spread over the partitions."""
    now = wall_clock()
    return [alert(n, symbol=f"S{n % 7}", updated_at=now) for n in range(first, first + count)]


def messages(alerts: list[Alert]) -> list[Message]:
    return [
        Message(msgspec.json.encode(each), wall_clock(), each.symbol.encode()) for each in alerts
    ]


def ids(alerts: list[Alert]) -> set[str]:
    return {each.id for each in alerts}


def running_threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == "webhook desk"]


def test_alerts_are_delivered_signed_and_none_is_lost_by_a_restart_half_way(
    broker: Broker, topics: tuple[str, str], running: Running
) -> None:
    alerts = some(40)
    with Receiver() as receiver:
        send(broker, topics[0], messages(alerts[:20]))  # of before it first started
        with running(receiver.url) as service:
            wait_until(lambda: len(receiver.requests) >= 8, "some to be delivered")
        wait_until(lambda: not running_threads(), "its thread to end", timeout=2)
        delivered = len(receiver.requests)
        send(broker, topics[0], messages(alerts[20:]))  # while it is down
        with running(receiver.url) as service:
            wait_until(lambda: ids(alerts) <= set(receiver.ids), "all to be delivered")
            wait_until(lambda: len(service.alerts) == 40, "all to be served")
            assert service.webhooks.statuses()[0].failed_attempts == 0
            assert service.reader.reading.missing != ()  # other topics; these are there
        # What was under way at the restart may have come twice, no more.
        assert delivered < 40
        assert len(receiver.requests) <= 41
        bodies = {msgspec.json.encode(each) for each in alerts}
        for request in receiver.requests:
            assert request.body in bodies
            stamp = int(request.headers["Tapeline-Timestamp"])
            signature = sign(SECRET.encode(), stamp, request.body)
            assert request.headers["Tapeline-Signature"] == signature
            assert abs(wall_clock() / 1_000 - stamp) < 300
        for symbol in {each.symbol for each in alerts}:
            expected = [each.id for each in alerts if each.symbol == symbol]
            came = [each for each in dict.fromkeys(receiver.ids) if f"/{symbol}/" in each]
            assert came == expected


def test_a_new_webhook_begins_with_alerts_that_are_not_too_old(
    broker: Broker, topics: tuple[str, str], running: Running
) -> None:
    old, new = some(5), some(5, first=5)
    long_ago = [Message(each.value, wall_clock() - 7_200_000, each.key) for each in messages(old)]
    send(broker, topics[0], [*long_ago, *messages(new)])
    with Receiver() as receiver, running(receiver.url):
        wait_until(lambda: ids(new) <= set(receiver.ids), "the new ones to be delivered")
        assert set(receiver.ids) == ids(new)
    assert everything(broker, topics[1]) == []


def test_a_dead_alert_is_on_its_topic_and_served_and_the_others_go_on(
    broker: Broker, topics: tuple[str, str], running: Running
) -> None:
    alerts = some(3)
    broken = Message(b"no alert", wall_clock(), b"S0")
    with Receiver(400) as receiver, running(receiver.url, webhook_attempts=2) as service:
        send(broker, topics[0], [broken, *messages(alerts)])
        wait_until(lambda: set(receiver.ids) == ids(alerts), "all to be sent")
        wait_until(lambda: len(service.undelivered) == 1, "the dead list to be read")
        (dead,) = service.undelivered.newest()
        assert (dead.target, dead.reason, dead.attempts) == ("desk", "refused", 1)
        assert dead.alert in alerts
    (record,) = everything(broker, topics[1])
    assert record.key == dead.alert.symbol.encode()
    assert record.json()["alert"] == msgspec.to_builtins(dead.alert)


def test_a_target_that_fails_is_left_in_peace_and_its_alerts_wait_on_kafka(
    broker: Broker, topics: tuple[str, str], running: Running
) -> None:
    alerts = some(12)
    patience = {"webhook_attempts": 1, "webhook_breaker_failures": 3, "webhook_breaker_ms": 1_500}
    with Receiver() as receiver, running(receiver.url, **patience) as service:
        receiver.otherwise = Scripted(500)
        send(broker, topics[0], messages(alerts))
        wait_until(lambda: len(receiver.requests) > 3, "it to be tried again after a pause")
        assert service.webhooks.statuses()[0].breaker != "closed"
        receiver.otherwise = Scripted()

        def dealt_with() -> int:
            status = service.webhooks.statuses()[0]
            return status.delivered + status.dead

        wait_until(lambda: dealt_with() == 12, "all to be delivered or given up")
        status = service.webhooks.statuses()[0]
        assert status.breaker == "closed"
        assert status.delivered > 0
        wait_until(lambda: len(service.undelivered) == status.dead, "the dead list to be read")
    third, fourth = receiver.requests[2:4]
    assert fourth.at - third.at >= 1.5
    assert set(receiver.ids) == ids(alerts)


def test_new_partitions_are_read_also_when_joining_outlasts_a_poll(
    broker: Broker, topics: tuple[str, str], running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_source, "POLL_MS", 1)
    alerts = some(10)
    with Receiver() as receiver, running(receiver.url):
        send(broker, topics[0], messages(alerts[:5]))
        wait_until(lambda: ids(alerts[:5]) <= set(receiver.ids), "those of the old partitions")
        with broker.admin() as admin:
            admin.create_partitions({topics[0]: NewPartitions(total_count=PARTITIONS + 2)})
        in_new = [replace(each, partition=PARTITIONS) for each in messages(alerts[5:])]
        send(broker, topics[0], in_new)
        wait_until(lambda: ids(alerts) <= set(receiver.ids), "those of the new ones")


def test_two_instances_share_the_alerts_and_one_that_comes_or_goes_loses_none(
    broker: Broker, topics: tuple[str, str], running: Running
) -> None:
    alerts = some(60)
    with Receiver() as receiver, running(receiver.url) as first:
        send(broker, topics[0], messages(alerts[:20]))
        wait_until(lambda: ids(alerts[:20]) <= set(receiver.ids), "the first 20")
        with running(receiver.url) as second:

            def both_work() -> bool:
                send(broker, topics[0], messages(alerts[20:40]))
                return all(
                    each.webhooks.statuses()[0].delivered > 20 * (each is first)
                    for each in (first, second)
                )

            wait_until(both_work, "both to deliver", pause=0.5)
            wait_until(lambda: ids(alerts[:40]) <= set(receiver.ids), "the first 40")
        send(broker, topics[0], messages(alerts[40:]))
        wait_until(lambda: ids(alerts) <= set(receiver.ids), "all 60")


def test_a_broker_that_is_killed_and_comes_back_loses_none(
    broker: Broker, topics: tuple[str, str], running: Running
) -> None:
    alerts = some(20)
    with Receiver() as receiver, running(receiver.url):
        send(broker, topics[0], messages(alerts[:10]))
        wait_until(lambda: ids(alerts[:10]) <= set(receiver.ids), "the first 10")
        broker.kill()
        broker.start()
        send(broker, topics[0], messages(alerts[10:]))
        wait_until(lambda: ids(alerts) <= set(receiver.ids), "all 20")
