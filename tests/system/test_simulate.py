"""A made-up market through the whole pipeline: what its manifest counts, the ledger counts too."""

import signal
import subprocess
import sys
from collections import Counter
from itertools import chain
from pathlib import Path

import msgspec
import psutil
import pytest

from scripts.generate.feed import Feed, blocks
from scripts.generate.manifest import Manifest
from scripts.stack.broker import Broker
from scripts.stack.paths import ROOT
from scripts.stack.waiting import wait_until
from tests import oracle
from tests.system.conftest import RunBackfill
from tests.system.harness import everything, totals

pytestmark = pytest.mark.system

PLAIN = Feed(count=60_000, rate=200, symbols=12, seed=6, packed=20, seasonal=True)
"""The trades as they were before anything happened to them."""
KINDS = ("fat_finger", "outage")
WINDOW = 100
"""Trades that a price is held against, once there are so many."""


def simulate(broker: Broker, topic: str, manifest: Path, *options: object) -> Manifest:
    """Run the command as its users do, and read what it counted."""
    ran = subprocess.run(
        [
            *[sys.executable, "-m", "scripts.simulate", "--manifest", str(manifest)],
            *["--bootstrap-servers", broker.bootstrap_servers, "--topic", topic],
            *map(str, options),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    counted = msgspec.json.decode(manifest.read_bytes(), type=Manifest)
    assert counted.delivery is not None
    assert counted.delivery.acknowledged == counted.delivery.messages
    assert str(counted.records) in ran.stdout.replace(",", "")
    return counted


def test_chaos_is_found_to_the_record(
    broker: Broker, run_backfill: RunBackfill, tmp_path: Path
) -> None:
    made: list[Manifest] = []

    def fill(trades: str, orders: str) -> None:
        for topic, *options in (
            [trades, "--count", PLAIN.count, "--symbols", PLAIN.symbols, "--packed", PLAIN.packed],
            [orders, "--preset", "l3-small", "--count", 5_000, "--packed", 10],
        ):
            options += ["--rate", PLAIN.rate, "--seed", PLAIN.seed, "--chaos", "10%"]
            made.append(simulate(broker, str(topic), tmp_path / "manifest.json", *options))

    run = run_backfill(fill=fill, correction_ms=60_000)
    trades, orders = made
    sums = totals(run.ledger)
    assert sums["records"] == trades.records + orders.records
    assert sums["candles"] + sums["late"] == trades.trades + orders.trades
    assert sums["orders"] + sums["session"] == orders.orders - orders.trades
    assert sums["duplicates"] == trades.duplicates > 0
    assert sums["late"] == len(run.late_trades)
    reasons = Counter(letter["reason"] for letter in run.dead_letters)
    assert reasons == Counter(trades.rejected) + Counter(orders.rejected)
    assert {"message_too_large", "invalid_checksum"} < set(reasons)

    # Digits in each other's place: a price too far from those before it.
    before = {
        (trade.symbol, trade.trade_id): trade.price
        for message in chain.from_iterable(blocks(PLAIN))
        for trade in oracle.read(oracle.Message(message.value, message.timestamp_ms))[0]
    }
    of_kind = {kind: [e for e in run.quality if e["kind"] == kind] for kind in KINDS}
    found = {(each["symbol"], each["price"]) for each in of_kind["fat_finger"]}
    seen, wrong, missed = Counter[str](), 0, []
    for record in run.records:
        for trade in oracle.read(oracle.Message(record.value, record.timestamp_ms))[0]:
            seen[trade.symbol] += 1
            if trade.price != before[trade.symbol, trade.trade_id]:
                wrong += 1
                if (trade.symbol, trade.price) not in found and seen[trade.symbol] > WINDOW:
                    missed.append(trade)
    assert wrong == trades.swapped_digits > 0
    assert missed == []

    # Silence of a partition: outages, between which there is only what came late.
    assert trades.silences == len(trades.newest_silences) > 0
    for silence in trades.newest_silences:
        end = min(silence.end, max(each.last for each in trades.symbols.values()))
        outages = [each for each in of_kind["outage"] if each["partition"] == silence.partition]
        silent_ms = sum(
            max(min(each["end"], end) - max(each["start"], silence.start), 0) for each in outages
        )
        assert silent_ms > 0.9 * (end - silence.start)


def test_an_endless_market_grows_no_memory_and_ends_when_told(
    broker: Broker, tmp_path: Path
) -> None:
    topic, manifest = "endless", tmp_path / "manifest.json"
    broker.create_topics(topic, partitions=4, config={"retention.ms": "-1"})
    options = ["--infinite", "--realtime", "--count", "5000", "--rate", "4000", "--packed", "10"]
    command = [sys.executable, "-m", "scripts.simulate", *options, "--chaos", "5%"]
    place = ["--bootstrap-servers", broker.bootstrap_servers, "--topic", topic]
    running = subprocess.Popen(
        [*command, *place, "--manifest", str(manifest)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        process = psutil.Process(running.pid)

        def counted() -> Manifest | None:
            if not manifest.exists():
                return None
            return msgspec.json.decode(manifest.read_bytes(), type=Manifest)

        def size_after(records: int) -> int:
            wait_until(
                lambda: (now := counted()) is not None and now.records >= records,
                f"{records:,} records",
                timeout=120,
            )
            return int(process.memory_info().rss)

        warm = size_after(30_000)
        assert size_after(100_000) < warm + (16 << 20)
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=60)
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 0
    made = counted()
    assert made is not None
    assert f"{made.records:,} records in" in said.splitlines()[-1]
    assert made.records == made.trades + made.duplicates + sum(made.rejected.values())
    found = [
        oracle.read(oracle.Message(each.value, each.timestamp_ms))
        for each in everything(broker, topic)
    ]
    assert sum(len(good) for good, _ in found) == made.trades + made.duplicates
    assert Counter(fault.reason for _, faults in found for fault in faults) == made.rejected
