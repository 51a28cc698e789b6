"""The analytics of a shard are those of all its trades, whatever comes late or is restored."""

import dataclasses
import json
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.candle_makers import indicators_of
from tests.udfs.makers import NOW_MS, each_of, frame_of, random_id, random_trades
from tests.udfs.test_shard import MINUTE, RULES, SECOND, Run, expected, parts_of, small_journals
from udfs import frames
from udfs.analytics import AnalyticsRules
from udfs.frames import Frame
from udfs.periods import Periods, RobustRules, SlidingWindow
from udfs.windows import NEVER

PERIODS = Periods(
    sma=(2, 3), ema=(3,), rsi=2, macd=(2, 3, 2), bollinger=3, atr=2, vwap=2, volatility=2
)
WINDOWS = (SlidingWindow("3s", 3 * SECOND, "1s"), SlidingWindow("1m", MINUTE, "10s"))
ROBUST = RobustRules(window=5, least=3, threshold=2.0, thresholds=(("S1", 4.0),))
ANALYTICS = AnalyticsRules(periods=PERIODS, windows=WINDOWS, robust=ROBUST, swing=0.5)
HORIZON = MINUTE
rules = dataclasses.replace(RULES, analytics=ANALYTICS, correction_ms=HORIZON)
Key = tuple[Any, ...]


def newest(run: Run, output: str, *key: str) -> dict[Key, dict[str, Any]]:
    """The last message of each key."""
    messages = [json.loads(value) for name, _, value in run.outputs if name == output]
    return {tuple(each[name] for name in key): each for each in messages}


def series_of(frame: Frame) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """All candles of the oracle, those of each symbol and interval in their order."""
    series = defaultdict(list)
    for (symbol, interval, _), candle in sorted(expected(frame).items(), key=lambda kv: kv[0][2]):
        series[symbol, interval].append(candle)
    return series


def with_nan(values: dict[str, float | None]) -> dict[str, float]:
    return {name: float("nan") if value is None else value for name, value in values.items()}


def shuffled(seed: int, n: int, span_ms: int, delay_ms: int) -> Frame:
    """Trades that come out of their order by so much, no two of them copies of each other."""
    rng = np.random.default_rng(seed)
    trades = random_trades(rng, n, symbols=3, span_ms=span_ms)
    arrival = trades["timestamp"] + rng.integers(0, delay_ms + 1, n)
    ids = [each and each[:50] + b"%03d" % i for i, each in enumerate(map(random_id, [rng] * n))]
    return frame_of(trades[np.argsort(arrival, kind="stable")], ids, 3)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 250),
    st.sampled_from([5 * SECOND, MINUTE, 10 * MINUTE]),
    st.sampled_from([0, 2 * SECOND, HORIZON - 2 * SECOND]),
    st.lists(st.integers(0, 250), max_size=12),
    st.data(),
)
def test_indicators_and_sliding_windows_are_those_of_all_candles(
    seed: int, n: int, span_ms: int, delay_ms: int, cuts: list[int], data: st.DataObject
) -> None:
    frame = shuffled(seed, n, span_ms, delay_ms)
    run = Run(rules)
    watermark, now_ms = NOW_MS - 2 * span_ms, NOW_MS
    small = data.draw(st.booleans())
    for part in parts_of(frame, cuts):
        # Everything comes inside the horizon, but much of it late; corrections wait for a second.
        now_ms += data.draw(st.sampled_from([0, SECOND // 2, SECOND]))
        with small_journals(small):
            run.take(part, watermark, now_ms)
        if part.trades.size:
            watermark = max(watermark, int(part.trades["timestamp"].max()) - SECOND)
        if data.draw(st.booleans()):
            run.restore()
        run.tick(watermark, now_ms)
        if data.draw(st.booleans()):
            run.restore()
    run.tick(int(NEVER))
    found = newest(run, "indicators", "symbol", "interval", "start")
    sliding = newest(run, "sliding", "symbol", "window", "start")
    wanted = set()
    windows = set()
    for (symbol, interval), candles in series_of(frame).items():
        for candle, values in zip(candles, indicators_of(candles, PERIODS), strict=True):
            key = symbol, interval, candle["start"]
            wanted.add(key)
            assert with_nan(found[key]["values"]) == pytest.approx(
                values, rel=1e-9, abs=1e-9, nan_ok=True
            )
            assert (found[key]["close"], found[key]["end"]) == (candle["close"], candle["end"])
        for window in [each for each in WINDOWS if each.slide == interval]:
            for candle in candles:
                start = candle["end"] - window.size_ms
                last = [c for c in candles if start <= c["start"] < candle["end"]]
                volume = sum(each["volume"] for each in last)
                windows.add((symbol, window.name, start))
                message = sliding[symbol, window.name, start]
                assert {
                    name: message[name]
                    for name in ("open", "high", "low", "close", "trades", "end")
                } == {
                    "open": last[0]["open"],
                    "high": max(each["high"] for each in last),
                    "low": min(each["low"] for each in last),
                    "close": last[-1]["close"],
                    "trades": sum(each["trades"] for each in last),
                    "end": candle["end"],
                }
                assert message["volume"] == pytest.approx(volume, rel=1e-9)
                vwap = sum(each["notional"] for each in last) / volume
                assert message["vwap"] == pytest.approx(vwap, rel=1e-9)
    assert set(found) == wanted
    assert set(sliding) == windows


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 250),
    st.sampled_from([5 * SECOND, MINUTE, 10 * MINUTE]),
    st.lists(st.tuples(st.integers(0, 250), st.integers(0, SECOND)), max_size=20),
)
def test_nothing_is_published_again_with_the_values_that_it_has(
    seed: int, n: int, span_ms: int, steps: list[tuple[int, int]]
) -> None:
    """However often trades are late, and whatever was closed or forgotten meanwhile."""
    run = Run(dataclasses.replace(rules, correction_ms=2 * MINUTE))
    watermark = now_ms = NOW_MS
    parts = parts_of(shuffled(seed, n, span_ms, MINUTE), [cut for cut, _ in steps])
    for part, (_, after_ms) in zip(parts, [*steps, (0, 0)], strict=True):
        now_ms += after_ms
        run.take(part, watermark, now_ms)
        if part.trades.size:
            watermark = max(watermark, int(part.trades["timestamp"].max()) - SECOND)
    run.tick(int(NEVER), now_ms)
    for output, *key in (
        ("indicators", "symbol", "interval", "start"),
        ("sliding", "symbol", "window", "start"),
    ):
        last: dict[Key, dict[str, Any]] = {}
        for name, _, value in run.outputs:
            if name == output:
                message = json.loads(value)
                del message["updated_at"]
                place = tuple(message[each] for each in key)
                assert last.get(place) != message
                last[place] = message
        assert last


def feed(run: Run, frame: Frame, cuts: list[int], data: st.DataObject) -> None:
    """Takes in trades of some minutes, cut there, and ends; restores and snapshots are drawn."""
    watermark = NOW_MS - 5 * MINUTE
    for part in parts_of(frame, cuts):
        with small_journals(data.draw(st.booleans())):
            run.take(part, watermark)
        if part.trades.size:
            watermark = max(watermark, int(part.trades["timestamp"].max()) - SECOND)
        if data.draw(st.booleans()):
            run.restore()
    run.tick(int(NEVER))


def robust_scores(values: list[float]) -> dict[int, float]:
    """The score of each value by its place, of those that have one; by their definition."""
    found = {}
    for at in range(ROBUST.least, len(values)):
        before = np.array(values[max(0, at - ROBUST.window) : at])
        deviation = 1.4826022185056 * np.median(np.abs(before - np.median(before)))
        if deviation > 0:
            found[at] = float((values[at] - np.median(before)) / deviation)
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(30, 250),
    st.sampled_from([0, HORIZON - 2 * SECOND]),
    st.lists(st.integers(0, 250), max_size=8),
    st.data(),
)
def test_unusual_candles_are_those_of_the_whole_series(
    seed: int, n: int, delay_ms: int, cuts: list[int], data: st.DataObject
) -> None:
    frame = shuffled(seed, n, 2 * MINUTE, delay_ms)
    run = Run(rules)
    feed(run, frame, cuts, data)
    found = newest(run, "anomalies", "symbol", "interval", "kind", "timestamp")
    found = {key: each for key, each in found.items() if each["interval"]}
    sure, unsure = set(), set()
    for (symbol, interval), candles in series_of(frame).items():
        limit = dict(ROBUST.thresholds).get(symbol, ROBUST.threshold)
        closes = np.log([each["close"] for each in candles])
        # The first candle has no return.
        for kind, first, values in (
            ("return", 1, np.diff(closes).tolist()),
            ("volume", 0, [each["volume"] for each in candles]),
        ):
            for at, score in robust_scores(values).items():
                key = symbol, interval, kind, candles[first + at]["start"]
                if abs(abs(score) / limit - 1) < 1e-6:
                    unsure.add(key)
                elif abs(score) >= limit:
                    sure.add(key)
                    assert found[key]["z"] == pytest.approx(score, rel=1e-6)
                    assert found[key]["value"] == pytest.approx(values[at], rel=1e-9, abs=1e-12)
                    assert found[key]["threshold"] == limit
    # One that was an anomaly until it was corrected stays published.
    assert delay_ms or set(found) <= sure | unsure


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 200), st.lists(st.integers(0, 200), max_size=6))
def test_a_trend_is_what_a_minute_of_trades_came_to(seed: int, n: int, cuts: list[int]) -> None:
    frame = shuffled(seed, n, 5 * MINUTE, 2 * SECOND)
    run = Run(rules)
    for part in parts_of(frame, cuts):
        run.take(part, NOW_MS)
        run.restore()
    run.tick(int(NEVER))
    prices = defaultdict(list)
    for trade in frame.trades:
        minute = int(trade["timestamp"]) // MINUTE * MINUTE
        prices[frame.symbols[trade["symbol"]], minute].append(float(trade["price"]))
    found = newest(run, "trends", "symbol", "windowStartTimestamp")
    candles = expected(frame)
    assert set(found) == set(prices)
    for (symbol, start), own in prices.items():
        trend = found[symbol, start]
        assert trend["averagePrice"] == candles[symbol, "1m", start]["vwap"]
        assert trend["meanPrice"] == pytest.approx(np.mean(own), rel=1e-12)
        assert trend["isVolatilityAnomaly"] == ((max(own) - min(own)) / min(own) > 0.5)
        assert trend["windowEndTimestamp"] == start + MINUTE


def test_what_a_late_trade_does_not_change_is_not_published_again() -> None:
    run = Run(rules)
    for second in range(5):
        run.take(one_of(price=10 + second, ms=NOW_MS // MINUTE * MINUTE + second * SECOND), 0)
    run.tick(NOW_MS + 30 * SECOND)
    run.outputs.clear()
    start = NOW_MS // MINUTE * MINUTE
    # Its price is that of the candle, which it makes larger: the volume of two candles counts.
    run.take(one_of(price=11, ms=start + SECOND + 1), NOW_MS + 30 * SECOND, SECOND)
    again = [json.loads(v) for name, _, v in run.outputs if name == "indicators"]
    seconds = [each["start"] - start for each in again if each["interval"] == "1s"]
    assert seconds == [1 * SECOND, 2 * SECOND, 3 * SECOND, 4 * SECOND]
    assert len({json.dumps(each["values"]) for each in again}) == len(again)


def test_what_follows_from_late_trades_comes_at_a_steady_rate() -> None:
    start = NOW_MS // MINUTE * MINUTE
    run = Run(dataclasses.replace(rules, forming=(), ledger_ms=MINUTE))
    for second in range(5):
        run.take(one_of(price=10 + second, ms=start + second * SECOND), 0)
    run.tick(start + 5 * SECOND, 0)

    def seconds(now_ms: int) -> list[int]:
        """Whose indicators came since it was last asked, when the shard's timer is set to that."""
        found = [json.loads(v) for name, _, v in run.outputs if name == "indicators"]
        run.outputs.clear()
        _, due = run.shard.due(now_ms)
        if run.shard.analytics.waiting:
            assert due is not None
            assert now_ms < due <= now_ms + rules.revision_ms
        return [each["start"] - start for each in found if each["interval"] == "1s"]

    assert seconds(0) == [0, 1_000, 2_000, 3_000, 4_000]
    now = SECOND
    run.take(one_of(price=9, ms=start + 3_001), start + 5 * SECOND, now)
    assert seconds(now) == [3_000, 4_000]
    # It waits, and so does what is closed meanwhile.
    run.take(one_of(price=8, ms=start + 4_001), start + 5 * SECOND, now + 1)
    run.take(one_of(price=7, ms=start + 1_001), start + 5 * SECOND, now + 2)
    run.take(one_of(price=6, ms=start + 5_000), start + 5 * SECOND, now + 3)
    run.tick(start + 6 * SECOND, now + 4)
    assert seconds(now + 4) == []
    run.restore()
    run.tick(start + 6 * SECOND, now + rules.revision_ms)
    assert seconds(now + rules.revision_ms) == [1_000, 2_000, 3_000, 4_000, 5_000]
    assert not run.shard.analytics.waiting


def test_where_the_same_is_to_come_each_time_nothing_waits() -> None:
    run = Run(dataclasses.replace(rules, stamp_end=True))
    for second in range(5):
        run.take(one_of(price=10 + second, ms=NOW_MS + second * SECOND), 0)
    run.tick(NOW_MS + 10 * SECOND)
    for price in (9, 8):
        run.outputs.clear()
        run.take(one_of(price, ms=NOW_MS + 1), NOW_MS + 10 * SECOND)
        assert "indicators" in {name for name, _, _ in run.outputs}


def test_candles_that_wait_are_forgotten_once_they_are_told() -> None:
    run = Run(rules)
    start = NOW_MS // MINUTE * MINUTE
    run.take(one_of(price=10, ms=start), 0, SECOND)
    run.take(one_of(price=11, ms=start + 1), start + 2 * SECOND, SECOND)
    run.take(one_of(price=12, ms=start + 2), start + 2 * SECOND, SECOND + 1)
    held = len(run.shard.windows)
    run.outputs.clear()
    run.tick(start + 5 * MINUTE, SECOND + 2)
    assert len(run.shard.windows) == held
    run.tick(start + 5 * MINUTE, SECOND + rules.revision_ms)
    run.tick(start + 5 * MINUTE, SECOND + rules.revision_ms)
    assert len(run.shard.windows) < held
    for name in ("candles", "indicators"):
        found = newest(run, name, "interval", "start")
        assert found["1s", start]["close"] == 12


def one_of(price: float, ms: int) -> Frame:
    trades = random_trades(np.random.default_rng(0), 1, symbols=1)
    trades["price"], trades["timestamp"], trades["quantity"] = price, ms, 1
    return frame_of(trades, [b""], 1)


def test_a_symbol_that_rests_for_days_goes_on_with_its_indicators() -> None:
    own = dataclasses.replace(
        rules, analytics=dataclasses.replace(ANALYTICS, ttl_ms=8 * 86_400_000)
    )
    day = 86_400_000
    start = NOW_MS // day * day
    for rest, known in ((3, True), (9, False)):
        run = Run(own)
        for number, price in enumerate((10, 11, 12)):
            run.take(one_of(price, start + number * day), start + number * day - SECOND)
        for number in range(3, 3 + rest):
            run.tick(start + number * day + 2 * MINUTE)
            run.restore()
        run.take(one_of(13, start + (3 + rest) * day), start + (3 + rest) * day)
        run.tick(int(NEVER))
        last = newest(run, "indicators", "interval", "start")["1d", start + (3 + rest) * day]
        assert last["values"]["sma_2"] == (12.5 if known else None)


def test_other_periods_begin_with_the_candles_that_are_held() -> None:
    run = Run(rules)
    frame = shuffled(1, 100, 20 * SECOND, 0)
    run.take(frame, NOW_MS + 30 * SECOND, SECOND)
    changed = dataclasses.replace(ANALYTICS, periods=dataclasses.replace(PERIODS, sma=(4,)))
    snapshot = run.shard.snapshot()
    other = dataclasses.replace(rules, analytics=changed)
    shard = type(run.shard).of_snapshot(0, other, snapshot, 0)
    piece = frames.pack(one_of(5, NOW_MS + 31 * SECOND))
    outputs = each_of(shard.take(piece, NOW_MS + 33 * SECOND, SECOND))
    (last,) = [
        json.loads(value)
        for name, _, value in outputs
        if name == "indicators" and json.loads(value)["interval"] == "1s"
    ]
    closes = [c["close"] for c in series_of(frame)["S0", "1s"]]
    assert last["values"]["sma_4"] == pytest.approx((sum(closes[-3:]) + 5) / 4)
