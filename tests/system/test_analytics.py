"""Analytics on a real broker and a real cluster: those of the candles and trades there are."""

import itertools
import json
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from scripts.generate.feed import Feed, blocks
from scripts.generate.shocks import Shock
from scripts.stack.paths import FLINK_CONF
from tests.system.conftest import RunBackfill, SubmitMarket
from tests.system.harness import Message, Record, read
from tests.udfs.candle_makers import indicators_of
from tests.udfs.correlation_makers import (
    assert_same,
    closes_of,
    correlations_expected,
    correlations_of,
)
from tests.udfs.outage_makers import silences, told
from udfs.intervals import MINUTE_MS
from udfs.periods import CorrelationRules, Periods

pytestmark = pytest.mark.system

PERIODS = Periods(sma=(5, 20))
OF_THREE = CorrelationRules(window=3, least=3)
FEED = Feed(count=40_000, rate=100, inject=0.002, symbols=3)


def test_correlations_come_while_the_job_runs(submit_market: SubmitMarket) -> None:
    market = submit_market(correlation_window=3, correlation_least=3, idle_timeout_ms=1_000)
    made = list(itertools.chain.from_iterable(blocks(Feed(count=30_000, rate=100, symbols=3))))
    market.send(*(Message(m.value, m.timestamp_ms, m.key) for m in made))
    last_ms = max(m.timestamp_ms for m in made)
    # The first minute has no return: there is none before it.
    first_ms = min(m.timestamp_ms for m in made) // MINUTE_MS * MINUTE_MS
    ends = set(range(first_ms + 2 * MINUTE_MS, last_ms, MINUTE_MS))

    def come(records: list[Record]) -> bool:
        return ends <= {record.json()["timestamp"] for record in records}

    records = read(market.broker, market.correlations_topic, come)
    newest = [m for m in map(Record.json, records) if m["timestamp"] == max(ends)]
    assert {m["returns"] for m in newest} == {3}


def test_analytics_are_those_of_the_candles_and_trades(run_backfill: RunBackfill) -> None:
    truth: list[Shock] = []
    made = list(itertools.chain.from_iterable(blocks(FEED, tell=truth.extend)))
    messages = [Message(m.value, m.timestamp_ms, m.key) for m in made]
    run = run_backfill(
        messages,
        sma_periods="5,20",
        correlation_window=3,
        correlation_least=3,
        gaps_ms="100,500",
        alerts_file=FLINK_CONF / "alerts.yaml",
    )
    series: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for candle in sorted(run.finals, key=lambda each: each["start"]):
        series[candle["symbol"], candle["interval"]].append(candle)
    found = {(m["symbol"], m["interval"], m["start"]): m for m in run.indicators}
    assert set(found) == {(c["symbol"], c["interval"], c["start"]) for c in run.finals}
    for of_series in series.values():
        for candle, expected in zip(of_series, indicators_of(of_series, PERIODS), strict=True):
            message = found[candle["symbol"], candle["interval"], candle["start"]]
            assert message["close"] == candle["close"]
            values = {k: np.nan if v is None else v for k, v in message["values"].items()}
            assert values == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)

    correlations = correlations_of(run.correlations)
    assert_same(correlations, correlations_expected(closes_of(run.finals), OF_THREE))
    assert sum(not np.isnan(value) for value, _ in correlations.values()) >= 9

    minutes = {(c["symbol"], c["start"]): c for c in run.finals if c["interval"] == "1m"}
    trends = {(t["symbol"], t["windowStartTimestamp"]): t for t in run.trends}
    assert set(trends) == set(minutes)
    for key, trend in trends.items():
        swing = (minutes[key]["high"] - minutes[key]["low"]) / minutes[key]["low"]
        assert trend["averagePrice"] == minutes[key]["vwap"]
        assert trend["isVolatilityAnomaly"] == (swing > 0.02)
    assert {m["window"] for m in run.sliding} == {"1m", "5m", "60m"}

    shocks = {(s.symbol, s.kind, s.timestamp, s.value) for s in truth}
    anomalies = {(m["symbol"], m["kind"], m["timestamp"], m["value"]) for m in run.anomalies}
    assert len(shocks) > 20
    assert shocks <= anomalies
    assert all(abs(m["z"]) >= m["threshold"] == 3.0 for m in run.anomalies)
    totals = {m["symbol"]: m for m in run.quality if m["kind"] == "totals"}
    assert sum(m["trades"] for m in totals.values()) == len(made)
    of_trades = [m for m in run.anomalies if m["kind"] in ("price", "quantity")]
    assert sum(m["anomalies"] for m in totals.values()) == len(of_trades)
    of_candles = [m for m in run.anomalies if m["kind"] in ("return", "volume")]
    assert {(m["symbol"], m["interval"], m["timestamp"]) for m in of_candles} <= set(found)
    assert of_candles
    gaps = [m for m in run.quality if m["kind"] == "gap"]
    assert sum(sum(m["gaps"].values()) for m in totals.values()) == len(gaps) > 0

    partitions = np.array([each.partition for each in run.records], np.int32)
    times = np.array([json.loads(each.value)["timestamp"] for each in run.records])
    outages = silences(partitions, times, (100, 500))
    assert told([m for m in run.quality if m["kind"] == "outage"]) == outages
    assert len(outages) > 20

    made_ids = {m["id"] for m in run.alerts if m["rule"] == "price shock"}
    wanted, last = set(), dict[str, int]()
    for m in sorted(of_trades, key=lambda each: each["timestamp"]):
        symbol, time = m["symbol"], m["timestamp"]
        if m["kind"] == "price" and abs(m["z"]) >= 6 and time >= last.get(symbol, 0) + 60_000:
            last[symbol] = time
            wanted.add(f"price shock/{symbol}/{time}")
    assert made_ids == wanted
    assert made_ids
