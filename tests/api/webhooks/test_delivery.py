"""The thread of a target: it delivers, outlives what fails, and stops at once."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from api.webhooks.delivery import Delivery
from tests.api.harness import alert, wait_until
from tests.api.webhooks.harness import (
    OK,
    MemoryDeadList,
    Receiver,
    Scripted,
    ScriptedSender,
    Time,
    WaitingSource,
    courier,
    webhooks_to,
)


def running(name: str = "webhook") -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith(name)]


def test_alerts_are_delivered_one_after_the_other() -> None:
    with Receiver() as receiver:
        webhooks = webhooks_to(receiver.url, map(alert, range(5)))
        webhooks.start()
        wait_until(lambda: len(receiver.requests) == 5)
        webhooks.stop()
    assert receiver.ids == [alert(n).id for n in range(5)]
    assert running() == []


@pytest.mark.parametrize("waits_for", ["an alert", "an answer", "its next attempt"])
def test_it_stops_at_once_and_leaves_nothing_behind(waits_for: str) -> None:
    release = threading.Event()
    script = {
        "an alert": [],
        "an answer": [Scripted(hold=release)],
        "its next attempt": [Scripted(503, {"Retry-After": "60"})],
    }[waits_for]
    with Receiver(*script) as receiver:
        webhooks = webhooks_to(receiver.url, [alert()])
        webhooks.start()
        wait_until(lambda: bool(receiver.requests))
        if waits_for != "an answer":
            wait_until(lambda: webhooks.statuses()[0].last_at is not None)
        started = time.monotonic()
        webhooks.stop()
        assert time.monotonic() - started < 1
        assert running() == []
        release.set()
    assert len(receiver.requests) == 1


def test_a_stop_gives_nothing_up() -> None:
    release = threading.Event()
    dead_list = MemoryDeadList()
    with Receiver(Scripted(hold=release)) as receiver:
        webhooks = webhooks_to(receiver.url, [alert()], dead_list)
        webhooks.start()
        wait_until(lambda: bool(receiver.requests))
        webhooks.stop()
        release.set()
    assert dead_list.kept == []


def test_it_connects_again_whatever_goes_wrong(caplog: pytest.LogCaptureFixture) -> None:
    time = Time()
    sender = ScriptedSender(lambda *_: OK, time)
    failures = [OSError("no way"), ValueError("a bug")]

    @contextmanager
    def connect(stopping: threading.Event) -> Iterator[tuple[WaitingSource, MemoryDeadList]]:
        if failures:
            raise failures.pop(0)
        yield WaitingSource([alert()], time, stopping), MemoryDeadList()

    delivery = Delivery(courier(sender, time), connect, lambda: None)
    delivery.start()
    wait_until(lambda: bool(sender.sent))
    delivery.tell_to_stop()
    delivery.join(1)
    assert running() == []
    assert caplog.text.count("webhook desk failed and starts again") == 2


def test_a_slow_target_holds_up_no_other() -> None:
    release = threading.Event()
    with Receiver(Scripted(hold=release)) as slow, Receiver() as quick:
        both = [webhooks_to(each.url, map(alert, range(3))) for each in (slow, quick)]
        for each in both:
            each.start()
        wait_until(lambda: len(quick.requests) == 3)
        assert len(slow.requests) <= 1
        for each in both:
            each.stop()
        release.set()
