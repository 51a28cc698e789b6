"""Event time on a real broker and a real cluster: what moves it, and what must not."""

import time
from typing import Any

import msgspec
import pytest

from scripts.stack.broker import Broker
from tests.system.conftest import SubmitMarket
from tests.system.harness import Market, Message, read
from tests.system.test_market import NOON

pytestmark = pytest.mark.system

SECOND, MINUTE, DAY = 1_000, 60_000, 86_400_000


def trade(timestamp: int, trade_id: int, symbol: str = "BTC/USD") -> bytes:
    return msgspec.json.encode(
        {
            "symbol": symbol,
            "price": 100 + trade_id,
            "quantity": 0.5,
            "timestamp": timestamp,
            "side": "buy",
            "trade_id": trade_id,
        }
    )


def seconds(candles: list[Any]) -> dict[tuple[str, int], tuple[int, int]]:
    """Trades and revision of the final candles of a second."""
    return {
        (c["symbol"], c["start"]): (c["trades"], c["revision"])
        for c in candles
        if c["interval"] == "1s" and c["final"]
    }


def late(broker: Broker, market: Market) -> list[Any]:
    return [r.json() for r in read(broker, market.late_trades_topic, lambda records: True)]


def test_a_record_far_ahead_of_the_clock_moves_nothing_and_still_counts(
    submit_market: SubmitMarket, broker: Broker
) -> None:
    market = submit_market(partitions=1, parallelism=1)
    now = time.time_ns() // 1_000_000 // SECOND * SECOND - MINUTE
    market.send(
        Message(trade(now, 1), now),
        # The broker takes what is up to an hour ahead. Late by it would be all that follows.
        Message(trade(now + 1, 2), now + 50 * MINUTE),
        Message(trade(now + 50 * MINUTE, 3, "ETH/USD"), now),
    )
    market.send(*(Message(trade(now + n * SECOND, 10 + n), now + n * SECOND) for n in range(1, 5)))
    found = seconds(market.candles(lambda c: len(seconds(c)) >= 5))
    assert found == {
        ("BTC/USD", now): (2, 0),
        **{("BTC/USD", now + n * SECOND): (1, 0) for n in range(1, 5)},
    }
    assert late(broker, market) == []
    (letter,) = market.dead_letters(1)
    assert letter["reason"] == "timestamp_ahead"


def test_time_can_come_from_the_payload_of_records_that_do_not_have_it(
    submit_market: SubmitMarket, broker: Broker
) -> None:
    market = submit_market(partitions=2, parallelism=1, event_time_from="payload")
    packed = b"[" + trade(NOON + 10 * SECOND, 8) + b"," + trade(NOON + 10 * SECOND, 9) + b"]"
    for partition in range(2):
        market.send(
            *(
                Message(trade(NOON + n * SECOND, 10 * partition + n), partition=partition)
                for n in range(5)
            ),
            Message(b"broken", partition=partition),
            Message(packed, partition=partition),
        )
    # The watermark follows the trades, months behind the records: it closes what it passes.
    found = seconds(market.candles(lambda c: len(seconds(c)) >= 5))
    assert found == {("BTC/USD", NOON + n * SECOND): (2, 0) for n in range(5)}
    assert late(broker, market) == []


def test_partitions_days_apart_and_empty_ones_make_nothing_late(
    submit_market: SubmitMarket, broker: Broker
) -> None:
    market = submit_market(partitions=4, parallelism=1, start_from="earliest", max_drift_ms=MINUTE)
    for partition, (symbol, start) in enumerate((("SLOW", NOON), ("FAST", NOON + 3 * DAY))):
        market.send(
            *(
                Message(
                    trade(start + n * SECOND, n, symbol), start + n * SECOND, partition=partition
                )
                for n in range(300)
            )
        )
    wanted = {("SLOW", NOON + n * SECOND) for n in range(300)}
    wanted |= {("FAST", NOON + 3 * DAY + n * SECOND) for n in range(300)}
    found = seconds(market.candles(lambda c: seconds(c).keys() >= wanted))
    assert set(found) == wanted
    assert {trades for trades, _ in found.values()} == {1}
    assert late(broker, market) == []


def test_the_last_windows_of_a_stream_that_went_quiet_close(submit_market: SubmitMarket) -> None:
    market = submit_market(partitions=3, parallelism=1, idle_timeout_ms=1_000)
    market.send(Message(trade(NOON, 1), NOON, partition=0))
    found = market.candles(lambda c: any(each["interval"] == "10s" for each in c))
    assert [(c["interval"], c["trades"], c["revision"]) for c in found] == [
        ("1s", 1, 0),
        ("10s", 1, 0),
    ]


def test_a_flood_of_symbols_makes_letters_and_the_others_go_on(
    submit_market: SubmitMarket, broker: Broker
) -> None:
    market = submit_market(partitions=1, parallelism=1, shards=1, symbols_per_shard=2)
    flood = b"[" + b",".join(trade(NOON, n, f"JUNK-{n}") for n in range(1_000)) + b"]"
    market.send(Message(trade(NOON, 1, "A"), NOON), Message(trade(NOON, 2, "B"), NOON))
    market.send(Message(flood, NOON), Message(trade(NOON, 3, "A"), NOON), Message(b"{", NOON))
    market.send(Message(trade(NOON + 10 * SECOND, 4, "B"), NOON + 10 * SECOND))
    found = seconds(market.candles(lambda c: len(seconds(c)) >= 2))
    assert found == {("A", NOON): (2, 0), ("B", NOON): (1, 0)}
    letters = market.dead_letters(1_001)
    assert len({(letter["offset"], letter["index"]) for letter in letters}) == 1_001
    assert {letter["reason"] for letter in letters} == {"too_many_symbols", "invalid_json"}
    assert late(broker, market) == []
