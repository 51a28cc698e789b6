"""Delivering, without Kafka and without HTTP: time is the test's."""

from hypothesis import given
from hypothesis import strategies as st

from api.metrics import Metrics
from api.webhooks.answer import Answer
from api.webhooks.courier import DEAD_LIST_SECONDS, Courier
from api.webhooks.parcel import Parcel
from tests.api.harness import NOW, alert
from tests.api.webhooks.harness import (
    BUSY,
    HOUR_MS,
    NO,
    OK,
    MemoryDeadList,
    MemorySource,
    ScriptedSender,
    Time,
    courier,
    target,
)

answers = st.lists(st.sampled_from([OK, BUSY, NO]), max_size=60)


def ids(*numbers: int) -> list[str]:
    return [alert(n).id for n in numbers]


def work(it: Courier, source: MemorySource, dead_list: MemoryDeadList) -> None:
    """Until there is nothing left."""
    for _ in range(1_000):
        it.step(source, dead_list)
        if source.is_empty:
            return
    raise AssertionError("there is still something left after 1,000 steps")


def always(answer: Answer) -> ScriptedSender:
    return ScriptedSender(lambda *_: answer)


@given(answers)
def test_each_alert_is_delivered_or_on_the_dead_list_in_order(script: list[Answer]) -> None:
    time, dead_list = Time(), MemoryDeadList()
    source = MemorySource(map(alert, range(10)), time)
    rest = iter(script)
    sender = ScriptedSender(lambda *_: next(rest, OK), time)
    delivered: list[str] = []

    def send(parcel: Parcel) -> Answer:
        answer = ScriptedSender.send(sender, parcel)
        if answer.reason is None:
            delivered.append(parcel.alert.id)
        return answer

    sender.send = send  # type: ignore[method-assign]
    work(courier(sender, time), source, dead_list)
    buried = [each.alert.id for each in dead_list.kept]
    assert sorted(delivered + buried) == ids(*range(10))
    assert (delivered, buried) == (sorted(delivered), sorted(buried))
    assert source.settled == 10


def test_it_is_tried_so_often_with_longer_and_longer_waits() -> None:
    time, dead_list = Time(), MemoryDeadList()
    source = MemorySource([alert()], time)
    sender = always(BUSY)
    sender.time, sender.takes = time, 0.5
    work(courier(sender, time, attempts=5), source, dead_list)
    assert source.rests == [1.0, 2.0, 4.0, 8.0]
    (given_up,) = dead_list.kept
    assert (given_up.target, given_up.reason, given_up.attempts) == ("desk", "unavailable", 5)
    assert (given_up.detail, given_up.alert) == ("answered 503", alert())
    assert (given_up.first_attempt_at, given_up.given_up_at) == (NOW, NOW + 17_500)


def test_no_wait_is_shorter_than_the_target_asked_for() -> None:
    time = Time()
    source = MemorySource([alert()], time)
    sender = always(Answer("unavailable", True, "", 429, retry_after=7.0))
    it = courier(sender, time, attempts=4, jitter=lambda: 0.0)
    work(it, source, MemoryDeadList())
    assert source.rests == [7.0, 7.0, 7.0]


def test_what_may_not_change_is_not_tried_again() -> None:
    time, dead_list = Time(), MemoryDeadList()
    sender = always(NO)
    source = MemorySource([alert()], time)
    work(courier(sender, time), source, dead_list)
    assert (len(sender.sent), source.rests) == (1, [])
    assert [each.reason for each in dead_list.kept] == ["refused"]


def test_an_alert_that_waited_too_long_is_given_up_without_being_sent() -> None:
    time, dead_list = Time(seconds=3_600.0), MemoryDeadList()
    alerts = [alert(0, updated_at=NOW - 1), alert(1, updated_at=NOW)]
    sender = always(OK)
    work(courier(sender, time), MemorySource(alerts, time), dead_list)
    assert [each for _, each in sender.sent] == ids(1)
    (given_up,) = dead_list.kept
    assert (given_up.reason, given_up.attempts, given_up.first_attempt_at) == ("too_old", 0, None)
    assert given_up.detail == f"{HOUR_MS + 1} ms old, over {HOUR_MS} ms"


def test_alerts_that_are_too_old_do_not_open_the_breaker() -> None:
    time = Time(seconds=7_200.0)
    it = courier(always(OK), time)
    source = MemorySource(map(alert, range(20)), time)
    work(it, source, MemoryDeadList())
    assert (it.status().breaker, source.rests) == ("closed", [])


def test_only_alerts_of_its_rules_are_sent() -> None:
    time = Time()
    sender = always(OK)
    source = MemorySource([alert(0, "gap"), alert(1), alert(2, "gap")], time)
    work(courier(sender, time, to=target(rules=["gap"])), source, MemoryDeadList())
    assert [each for _, each in sender.sent] == [alert(0, "gap").id, alert(2, "gap").id]


def test_after_failures_in_a_row_nothing_is_sent_or_taken_until_the_breaker_lets_one_through() -> (
    None
):
    time, dead_list = Time(), MemoryDeadList()
    source = MemorySource(map(alert, range(8)), time)
    sender = ScriptedSender(lambda parcel, _: OK if parcel.place >= 6 else NO, time)
    it = courier(sender, time, failures=5)
    for _ in range(5):
        it.step(source, dead_list)
    assert (it.status().breaker, source.settled) == ("open", 5)
    it.step(source, dead_list)
    assert (source.rests, source.settled) == ([30.0], 5)  # waits on Kafka
    assert it.status().breaker == "half_open"
    it.step(source, dead_list)  # one alert decides
    assert it.status().breaker == "open"
    it.step(source, dead_list)
    assert source.rests == [30.0, 60.0]
    it.step(source, dead_list)
    assert it.status().breaker == "closed"
    it.step(source, dead_list)
    assert source.settled == 8
    assert [each.alert.id for each in dead_list.kept] == ids(*range(6))


@given(st.integers(0, 5), st.integers(0, 30))
def test_a_restart_wherever_loses_nothing(rests: int, fails_until: int) -> None:
    """The first courier stops in the middle of its waits; another goes on from what is settled."""
    time, dead_list = Time(), MemoryDeadList()
    alerts = [alert(n) for n in range(6)]
    taken: list[str] = []
    attempts = iter(range(1_000))

    def answer(parcel: Parcel, _: int) -> Answer:
        if next(attempts) < fails_until:
            return BUSY
        taken.append(parcel.alert.id)
        return OK

    first = MemorySource(alerts, time)
    first.stops_after = rests
    it = courier(ScriptedSender(answer, time), time)
    for _ in range(20):
        if len(first.rests) >= rests:
            break
        it.step(first, dead_list)
    second = MemorySource(alerts, time, first.settled)
    again = courier(ScriptedSender(answer, time), time)
    if not second.is_empty:
        work(again, second, dead_list)
    assert {*taken, *(each.alert.id for each in dead_list.kept)} == set(ids(*range(6)))


def test_an_attempt_that_a_stop_cut_short_gives_nothing_up() -> None:
    time, dead_list = Time(), MemoryDeadList()
    source = MemorySource([alert()], time)
    source.stops_after = 0
    courier(always(BUSY), time, attempts=1).step(source, dead_list)
    assert (dead_list.kept, source.settled) == ([], 0)


def test_an_alert_stays_until_the_dead_list_has_it() -> None:
    time, dead_list = Time(), MemoryDeadList(failures=3)
    source = MemorySource([alert()], time)
    work(courier(always(NO), time), source, dead_list)
    assert source.rests == [DEAD_LIST_SECONDS] * 3
    assert (len(dead_list.kept), source.settled) == (1, 1)


def test_an_alert_that_the_dead_list_does_not_take_before_a_stop_comes_again() -> None:
    time, dead_list = Time(), MemoryDeadList(failures=9)
    source = MemorySource([alert()], time)
    source.stops_after = 2
    courier(always(NO), time).step(source, dead_list)
    assert (dead_list.kept, source.settled) == ([], 0)


def test_what_is_done_is_counted() -> None:
    time, metrics = Time(), Metrics()
    sender = ScriptedSender(
        lambda parcel, attempt: NO if parcel.place else BUSY if attempt < 3 else OK, time
    )
    it = courier(sender, time, metrics=metrics)
    work(it, MemorySource([alert(0), alert(1)], time), MemoryDeadList())
    status = it.status()
    assert (status.delivered, status.failed_attempts, status.dead) == (1, 3, 1)
    assert (status.last_status, status.last_at) == (400, NOW + 3_000)
    counted = {
        name: metrics.registry.get_sample_value(f"tapeline_api_webhook_{name}_total", labels)
        for name, labels in {
            "delivered": {"target": "desk"},
            "failed_attempts": {"target": "desk"},
            "dead": {"target": "desk", "reason": "refused"},
        }.items()
    }
    assert counted == {"delivered": 1, "failed_attempts": 3, "dead": 1}
