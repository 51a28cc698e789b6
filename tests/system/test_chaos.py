"""Nobody can make the candles wrong by killing what makes them."""

import gc
import json
import warnings
from collections import defaultdict
from collections.abc import Iterator
from math import nan
from typing import Any

import pytest

from api.service import wall_clock
from scripts.crash.faults import FAULTS
from scripts.crash.run import CrashStack, crash_stack
from scripts.stack import topics
from scripts.stack.waiting import wait_until
from tests.system.harness import Message, send
from tests.system.test_orders import cancel, order
from tests.udfs.candle_makers import indicators_of

pytestmark = [
    pytest.mark.system,
    # kafka-python leaves sockets that were refused to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PAUSE_SECONDS = 8.0
SEED = 20_261_121


@pytest.fixture(scope="class")
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CrashStack]:
    """A Tapeline that delivers as the class says, with the keeper; it must leave nothing behind."""
    home = tmp_path_factory.mktemp("crash")
    with crash_stack(home, delivery=request.cls.delivery) as made:
        yield made
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


class Crashes:
    """What holds however it delivers; one Tapeline goes through all of it."""

    delivery: str

    def check(self, stack: CrashStack, fault: str) -> None:
        """Crash so, and compare every candle."""
        number = list(FAULTS).index(fault) + 1
        outcome = stack.run(fault, number, SEED + number, PAUSE_SECONDS)
        assert outcome.candles > 0
        assert outcome.differences == []

    def check_ledger(self, stack: CrashStack) -> None:
        """What was read is all there is, and every record of it went somewhere."""
        answer = stack.ledger()
        sources = [each for each in answer["sources"] if each["topic"] == "trades"]
        assert {each["partition"]: each["messages"] for each in sources} == {
            part.partition: end for part, end in stack.offsets.items() if end
        }
        assert answer["balanced"]
        assert answer["total"]["rejected"] > 0
        assert answer["total"]["duplicates"] > 0


def book_with(stack: CrashStack, orders: int) -> Any:
    """The newest book, once it has so many open orders."""

    def newest() -> Any:
        return stack.tapeline.api.get("/api/book/BTC/USD")

    wait_until(lambda: (newest() or {}).get("open_orders") == orders, f"{orders} open orders", 60)
    return newest()


def newest(stack: CrashStack, topic: str) -> dict[tuple[str, str, int], Any]:
    """Of each symbol, interval and start the message that counts."""
    found: dict[tuple[str, str, int], Any] = {}
    with topics.consumer(stack.tapeline.broker.bootstrap_servers) as kafka:
        parts = topics.partitions(kafka, [topic])
        for record in topics.records(kafka, dict.fromkeys(parts, 0)):
            row = json.loads(record.value)
            key = row["symbol"], row["interval"], row["start"]
            order = row.get("final", True), row.get("revision", 0)
            before = found.get(key)
            if before is None or order >= (before.get("final", True), before.get("revision", 0)):
                found[key] = row
    return found


class TestAtLeastOnce(Crashes):
    delivery = "at-least-once"

    def test_a_book_is_there_before_all_of_it(self, stack: CrashStack) -> None:
        now = wall_clock()
        orders = [Message(order(now, number, 100 + number)) for number in range(7)]
        send(stack.tapeline.broker, "orders", orders)
        assert book_with(stack, 7)["best_bid"] == 106

    @pytest.mark.parametrize("fault", FAULTS)
    def test_candles_are_those_of_all_trades_after(self, stack: CrashStack, fault: str) -> None:
        self.check(stack, fault)

    def test_the_book_is_still_known_after_all_of_it(self, stack: CrashStack) -> None:
        send(stack.tapeline.broker, "orders", [Message(cancel(wall_clock(), 6))])
        bids = book_with(stack, 6)["bids"]
        assert [level["price"] for level in bids] == [105, 104, 103, 102, 101]

    def test_indicators_are_those_of_the_candles_after_all_of_it(self, stack: CrashStack) -> None:
        settings = stack.tapeline.job_settings
        candles: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for key, candle in sorted(newest(stack, settings.candles_topic).items()):
            if candle["final"] and candle["interval"] in ("1s", "10s"):
                candles[key[:2]].append(candle)
        indicators = newest(stack, settings.indicators_topic)
        compared = 0
        for (symbol, interval), of_series in candles.items():
            expected = indicators_of(of_series, settings.periods)
            for candle, values in zip(of_series, expected, strict=True):
                found = indicators[symbol, interval, candle["start"]]["values"]
                plain = {name: nan if value is None else value for name, value in found.items()}
                assert plain == pytest.approx(values, rel=1e-9, abs=1e-9, nan_ok=True)
                compared += 1
        assert compared > 100

    def test_the_ledger_adds_up_after_all_of_it(self, stack: CrashStack) -> None:
        self.check_ledger(stack)


class TestExactlyOnce(Crashes):
    delivery = "exactly-once"

    @pytest.mark.parametrize("fault", ["kill TaskManager", "kill broker"])
    def test_candles_are_those_of_all_trades_after(self, stack: CrashStack, fault: str) -> None:
        self.check(stack, fault)

    def test_the_ledger_adds_up_after_all_of_it(self, stack: CrashStack) -> None:
        self.check_ledger(stack)
