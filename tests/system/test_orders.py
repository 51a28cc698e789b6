"""FIX on a real broker and a real cluster: what becomes of its messages, and its SQL functions."""

import base64
import json
import subprocess
import sys
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest

from scripts.stack.broker import Broker
from scripts.stack.environment import basic_environment
from scripts.stack.paths import ROOT
from tests.fix_reference import make
from tests.system.conftest import SubmitMarket
from tests.system.harness import Message, read
from tests.system.test_time import SECOND, seconds, trade

pytestmark = pytest.mark.system


def sending(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms / 1_000, UTC)
    return at.strftime("%Y%m%d-%H:%M:%S.%f")[:-3]


START = 1_767_355_200_000
"""2026-01-02 12:00 UTC."""


def order(at_ms: int, number: int, price: float = 100) -> bytes:
    header = [(35, "D"), (49, "A"), (56, "B"), (34, number), (52, sending(at_ms))]
    body = [(11, number), (21, 1), (55, "BTC/USD"), (54, 1), (60, sending(at_ms))]
    return make(*header, *body, (38, 5), (40, 2), (44, price))


def fill(at_ms: int, number: int, price: float, quantity: int) -> bytes:
    header = [(35, "8"), (49, "B"), (56, "A"), (34, number), (52, sending(at_ms))]
    body = [(37, "x"), (17, number), (20, 0), (150, "F"), (39, 1), (55, "BTC/USD"), (54, 2)]
    last = [(31, price), (32, quantity), (151, 0), (14, 1), (6, 1), (60, sending(at_ms))]
    return make(*header, *body, *last)


def heartbeat(at_ms: int) -> bytes:
    return make((35, "0"), (49, "A"), (56, "B"), (34, 1), (52, sending(at_ms)))


def test_executions_are_trades_and_every_message_has_an_outcome(
    submit_market: SubmitMarket, broker: Broker
) -> None:
    market = submit_market(ledger_ms=500)
    broken = order(START, 2).replace(b"BTC", b"BTD")
    market.send(Message(trade(START, 1), START))
    market.send_orders(
        Message(order(START, 1) + fill(START + 10, 7, 150, 2), START + 10),
        Message(broken + heartbeat(START), START),
        Message(fill(START + 20, 7, 150, 2), START + 20),  # the same execution again
        Message(b"hello", START),
    )
    later = START + 10 * SECOND
    market.send(Message(trade(later, 2), later))
    market.send_orders(Message(fill(later, 8, 160, 3), later))

    candles = market.candles(lambda found: len(seconds(found)) >= 2)
    (first,) = (c for c in candles if c["interval"] == "1s" and c["start"] == START)
    assert (first["open"], first["close"], first["trades"]) == (101, 150, 2)
    assert (first["volume"], first["buy_volume"]) == (2.5, 0.5)

    letters = market.dead_letters(2)
    assert {(each["topic"], each["reason"], each["detail"]) for each in letters} == {
        (
            market.orders_topic,
            "invalid_checksum",
            "CheckSum (10) is not the sum of the bytes before it",
        ),
        (market.orders_topic, "not_fix", "a FIX message must begin with 8=FIX.4.2"),
    }
    assert {base64.b64decode(each["payload"]) for each in letters} == {broken, b"hello"}

    def flows(records: list[Any]) -> list[Any]:
        found = [record.json() for record in records]
        return [each for each in found if each["final"] and each["interval"] == "1s"]

    (flow, *_) = flows(read(market.broker, market.order_flow_topic, lambda r: bool(flows(r))))
    assert (flow["symbol"], flow["start"]) == ("BTC/USD", START)
    assert (flow["buy_orders"], flow["buy_quantity"], flow["buy_notional"]) == (1, 5, 500)
    assert (flow["sell_orders"], flow["sell_fills"], flow["sell_filled"]) == (0, 1, 2)
    assert (flow["order_to_trade_ratio"], flow["fill_ratio"]) == (1, 0.4)

    found = market.account(market.orders_topic, 7)
    assert found == {
        "candles": 2,
        "duplicates": 1,
        "late": 0,
        "rejected": 2,
        "orders": 1,
        "session": 1,
        "messages": 5,
        "records": 7,
    }


def cancel(at_ms: int, number: int) -> bytes:
    header = [(35, "F"), (49, "A"), (56, "B"), (34, number), (52, sending(at_ms))]
    body = [(41, number), (11, f"c{number}"), (55, "BTC/USD"), (54, 1), (60, sending(at_ms))]
    return make(*header, *body)


def test_the_book_follows_its_orders(submit_market: SubmitMarket) -> None:
    market = submit_market()
    market.send_orders(*(Message(order(START, n, 100 + n), START, partition=1) for n in range(7)))
    first = market.book(lambda book: book["open_orders"] == 7)
    assert [level["price"] for level in first["bids"]] == [106, 105, 104, 103, 102]
    assert (first["best_ask"], first["bid_depth"], first["imbalance"]) == (None, 25, 1)
    market.send_orders(Message(cancel(START, 6), START, partition=1))
    last = market.book(lambda book: book["open_orders"] == 6)
    assert [level["price"] for level in last["bids"]] == [105, 104, 103, 102, 101]


SQL = """
import json, sys
from pyflink.table import DataTypes, EnvironmentSettings, TableEnvironment
env = TableEnvironment.create(EnvironmentSettings.in_batch_mode())
for name in ("crc32", "fix_checksum"):
    env.execute_sql(f"CREATE TEMPORARY FUNCTION {name} AS 'udfs.flink.{name}' LANGUAGE PYTHON")
payload = DataTypes.ROW([DataTypes.FIELD("payload", DataTypes.BYTES())])
given = env.from_elements([(bytearray.fromhex(sys.argv[1]),), (None,), (bytearray(),)], payload)
env.create_temporary_view("given", given)
found = env.execute_sql("SELECT crc32(payload), fix_checksum(payload) FROM given").collect()
print("found", json.dumps([list(row) for row in found]))
"""


def test_checksums_can_be_asked_for_in_sql() -> None:
    message = order(START, 1)
    run = subprocess.run(
        [sys.executable, "-c", SQL, message.hex()],
        env=basic_environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert run.returncode == 0, run.stderr
    (line,) = (line for line in run.stdout.splitlines() if line.startswith("found "))
    expected = [[zlib.crc32(message), int(message[-4:-1])], [None, None], [0, 0]]
    assert sorted(map(str, json.loads(line[6:]))) == sorted(map(str, expected))
