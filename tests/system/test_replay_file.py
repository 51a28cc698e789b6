"""Files through the whole pipeline, stopped half-way: nothing is lost and nothing counts twice."""

import base64
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scripts.files.integer_file import COLUMNS
from scripts.generate import orders
from scripts.generate.feed import Feed, blocks
from scripts.generate.messages import Message
from scripts.generate.trade import Trade
from scripts.stack.environment import basic_environment
from scripts.stack.paths import ROOT
from tests import oracle
from tests.system.conftest import SubmitMarket
from tests.system.harness import Market, read

pytestmark = pytest.mark.system

RATE = 40.0
TRADES = 3_000
"""75 s of event time, in each of three files."""
DAY_MS = 86_400_000


def made(feed: Feed) -> list[Message]:
    return [message for block in blocks(feed) for message in block]


def trades_of(messages: Iterable[Message]) -> list[Trade]:
    return [msgspec.json.decode(message.value, type=Trade) for message in messages]


def write_hive(folder: Path, trades: list[Trade]) -> None:
    for symbol in {trade.symbol for trade in trades}:
        part = folder / "date=2026-01-01" / f"symbol={symbol}" / "part.parquet"
        part.parent.mkdir(parents=True)
        rows = [msgspec.structs.asdict(trade) for trade in trades if trade.symbol == symbol]
        pq.write_table(pa.Table.from_pylist(rows).drop(["symbol"]), part, row_group_size=100)


def write_integers(file: Path, trades: list[Trade]) -> list[str]:
    symbols = sorted({trade.symbol for trade in trades})
    lines = [",".join(COLUMNS)] + [
        f"{t.timestamp * 1_000},{symbols.index(t.symbol)},{int(t.side == 'sell')},"
        f"{round(t.price * 1e8)},{round(t.quantity * 1e8)},{t.trade_id}"
        for t in trades
    ]
    file.write_text("\n".join(lines) + "\n1,2,3\n")
    return symbols


def replay(market: Market, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "scripts.replay_file", *map(str, arguments)]
    return subprocess.Popen(
        [*command, "--bootstrap-servers", market.broker.bootstrap_servers],
        cwd=ROOT,
        env=basic_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )


def as_json(trade: Trade, *, exchange: bool) -> bytes:
    fields = msgspec.structs.asdict(trade)
    return msgspec.json.encode({k: v for k, v in fields.items() if exchange or k != "exchange"})


def test_files_replayed_and_stopped_half_way_add_up_to_the_record(
    submit_market: SubmitMarket, tmp_path: Path
) -> None:
    market = submit_market(partitions=3, ledger_ms=500, idle_timeout_ms=1_000)
    feed = Feed(symbols=4, rate=RATE, count=TRADES)
    hive, integers = (trades_of(made(replace(feed, seed=seed))) for seed in (1, 2))
    for trade in hive:
        trade.exchange = "HIVE"  # ids are the same in all files
    broken = [each for each in made(replace(feed, seed=3, bad=0.05)) if each.value]
    write_hive(tmp_path / "hive", hive)
    symbols = write_integers(tmp_path / "integers.csv", integers)
    (tmp_path / "broken.ndjson").write_bytes(b"".join(each.value + b"\n" for each in broken))
    files = [
        *(tmp_path / name for name in ("hive", "broken.ndjson", "integers.csv")),
        *("--symbols", ",".join(symbols), "--topic", market.trades_topic),
        *("--state", tmp_path / "state.json", "--packed", 20),
    ]

    # Half-way is somewhere after the first messages, long before the last at this pace.
    stopped = replay(market, *files, "--speed", 10)
    read(market.broker, market.trades_topic, lambda records: len(records) > 20)
    stopped.send_signal(signal.SIGINT)
    told, _ = stopped.communicate(timeout=60)
    assert (stopped.returncode, "stopped" in told) == (0, True), told
    resumed = replay(market, *files)
    told, _ = resumed.communicate(timeout=60)
    assert (resumed.returncode, "goes on behind" in told) == (0, True), told

    expected = oracle.expected(
        [
            *(oracle.Message(each.value, each.timestamp_ms) for each in broken),
            *(oracle.Message(as_json(each, exchange=True), each.timestamp) for each in hive),
            *(oracle.Message(as_json(each, exchange=False), each.timestamp) for each in integers),
            oracle.Message(b'"1,2,3"', 0),
        ]
    )
    records = 3 * TRADES + 1 - (TRADES - len(broken))
    found = market.account(market.trades_topic, records)
    assert (found["records"], found["late"]) == (records, 0)
    assert found["candles"] == len(expected.counted)
    assert found["duplicates"] == len(expected.duplicates) == 0
    assert found["rejected"] == len(expected.rejected)
    letters = market.dead_letters(len(expected.rejected))
    values = [each.value for each in broken] + [b'"1,2,3"'] * (2 * TRADES + 1)
    assert Counter((each["reason"], base64.b64decode(each["payload"])) for each in letters) == (
        Counter((rejected.reason, values[place]) for place, rejected in expected.rejected)
    )

    # Orders of a later day close every window of the trades.
    later = replace(feed, start_ms=feed.start_ms + 2 * DAY_MS, count=500, symbols=2)
    fix = [message for block in orders.blocks(later, orders.Mix(90, 10)) for message in block]
    log = b"".join(b"12:00 OUT " + m.value.replace(b"\x01", b"|") + b"\n" for m in fix)
    (tmp_path / "orders.log").write_bytes(log)
    of_orders = replay(
        *(market, tmp_path / "orders.log", "--topic", market.orders_topic),
        *("--state", tmp_path / "orders.json"),
    )
    told, _ = of_orders.communicate(timeout=60)
    assert of_orders.returncode == 0, told
    found = market.account(market.orders_topic, len(fix))
    assert (found["records"], found["rejected"], found["late"]) == (len(fix), 0, 0)
    assert found["session"] == sum(b"\x0135=0\x01" in each.value for each in fix)

    def newest(candles: list[Any]) -> dict[tuple[str, str, int], dict[str, Any]]:
        return {
            (each["symbol"], each["interval"], each["start"]): {
                name: each[name] for name in oracle.Candle._fields
            }
            for each in sorted(candles, key=lambda each: each["revision"])
            if each["start"] < later.start_ms
        }

    wanted = {window: candle._asdict() for window, candle in expected.candles.items()}
    candles = newest(market.candles(lambda found: newest(found).keys() >= wanted.keys()))
    assert candles == wanted
