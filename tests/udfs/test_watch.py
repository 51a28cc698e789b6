"""What is said of single trades is what pandas says of the whole series, however they come."""

import dataclasses
import json
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.makers import NOW_MS, frame_of, random_trades
from tests.udfs.test_analytics import shuffled
from tests.udfs.test_shard import DAY, MINUTE, RULES, SECOND, Run, parts_of, small_journals
from udfs import frames
from udfs.analytics import AnalyticsRules
from udfs.frames import Frame
from udfs.periods import RobustRules, ScoreRules
from udfs.shard import Shard
from udfs.windows import NEVER

SCORES = ScoreRules(
    window=6,
    least=3,
    threshold=1.5,
    thresholds=(("S1", 2.5),),
    fat_finger=0.4,
    gaps_ms=(300, 2_000),
)
DELAY = 2 * SECOND
NO_CANDLES = AnalyticsRules(robust=RobustRules(intervals=()))
rules = dataclasses.replace(RULES, scores=SCORES, analytics=NO_CANDLES)


def tape_of(frame: Frame) -> dict[str, Any]:
    """The trades of each symbol in the order that the tape is defined by."""
    table = pd.DataFrame({name: frame.trades[name] for name in frame.trades.dtype.names or ()})
    order = ["timestamp", "id_length", "id_high", "id_low", "price", "quantity"]
    codes: Any = table.groupby("symbol")
    return {frame.symbols[code]: own.sort_values(order, ignore_index=True) for code, own in codes}


def expected(frame: Frame) -> tuple[set[Any], dict[Any, Any], set[Any]]:
    """Gaps, anomalies and fat fingers."""
    gaps, anomalies, fingers = set(), {}, set()
    for symbol, own in tape_of(frame).items():
        length = own["timestamp"].diff()
        for time, gap in zip(own["timestamp"], length, strict=True):
            levels = [level for level in SCORES.gaps_ms if gap >= level]
            if levels:
                gaps.add((symbol, int(time - gap), int(time), levels[-1]))
        limit = dict(SCORES.thresholds).get(symbol, SCORES.threshold)
        for kind in ("price", "quantity"):
            before = own[kind].shift(1).rolling(SCORES.window, min_periods=SCORES.least)
            # Pandas' own rolling figures drift where values differ by orders of magnitude.
            mean = before.apply(np.nanmean, raw=True)
            deviation = before.apply(partial(np.nanstd, ddof=1), raw=True)
            z = (own[kind] - mean) / deviation
            for at in np.flatnonzero(z.abs() >= limit):
                key = symbol, kind, int(own["timestamp"][at]), float(own[kind][at])
                anomalies[key] = mean[at], deviation[at], z[at]
        before = own["price"].shift(1).rolling(SCORES.window, min_periods=SCORES.least)
        away = own["price"] / before.mean() - 1
        for at in np.flatnonzero(away.abs() > SCORES.fat_finger):
            fingers.add((symbol, int(own["timestamp"][at]), float(own["price"][at])))
    return gaps, anomalies, fingers


def messages(run: Run, output: str) -> list[dict[str, Any]]:
    return [json.loads(value) for name, _, value in run.outputs if name == output]


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 250),
    st.sampled_from([2 * SECOND, 30 * SECOND, 10 * MINUTE]),
    st.lists(st.integers(0, 250), max_size=10),
    st.data(),
)
def test_findings_are_those_of_the_whole_series(
    seed: int, n: int, span_ms: int, cuts: list[int], data: st.DataObject
) -> None:
    frame = shuffled(seed, n, span_ms, DELAY)
    run = Run(rules)
    watermark = NOW_MS - 2 * span_ms
    small = data.draw(st.booleans())
    for part in parts_of(frame, cuts):
        with small_journals(small):
            run.take(part, watermark)
        if part.trades.size:
            watermark = max(watermark, int(part.trades["timestamp"].max()) - DELAY - 1)
        if data.draw(st.booleans()):
            run.tick(watermark)
        if data.draw(st.booleans()):
            run.restore()
    run.tick(int(NEVER))
    gaps, anomalies, fingers = expected(frame)
    quality = messages(run, "quality")
    found = [m for m in quality if m["kind"] == "gap"]
    assert {(m["symbol"], m["start"], m["end"], m["threshold"]) for m in found} == gaps
    assert len(found) == len(gaps)
    found = [m for m in quality if m["kind"] == "fat_finger"]
    assert {(m["symbol"], m["timestamp"], m["price"]) for m in found} == fingers
    found = messages(run, "anomalies")
    assert len(found) == len(anomalies)
    for m in found:
        values = anomalies[m["symbol"], m["kind"], m["timestamp"], m["value"]]
        assert (m["mean"], m["standard_deviation"], m["z"]) == pytest.approx(values, rel=1e-9)
        assert abs(m["z"]) >= m["threshold"] == (2.5 if m["symbol"] == "S1" else 1.5)
    last = {m["symbol"]: m for m in quality if m["kind"] == "totals"}
    for symbol, own in tape_of(frame).items():
        code = frame.symbols.index(symbol)
        times = frame.trades["timestamp"][frame.trades["symbol"] == code]
        before = np.maximum.accumulate(times)
        totals = last[symbol]
        assert (totals["trades"], totals["late"]) == (len(own), 0)
        assert totals["out_of_order"] == int((times < before).sum())
        assert totals["anomalies"] == sum(key[0] == symbol for key in anomalies)
        assert sum(totals["gaps"].values()) == sum(gap[0] == symbol for gap in gaps)
        assert totals["fat_fingers"] == sum(finger[0] == symbol for finger in fingers)
        events = [m for m in quality if m["symbol"] == symbol and m["kind"] != "totals"]
        assert events == sorted(events, key=itemgetter("timestamp"))


def test_scores_are_exact_at_large_prices() -> None:
    rng = np.random.default_rng(1)
    trades = random_trades(rng, 300, symbols=1, span_ms=MINUTE)
    trades["price"] = 1e9 + rng.standard_normal(300) * 1e-3
    trades["timestamp"] = NOW_MS + np.arange(300)
    run = Run(dataclasses.replace(rules, scores=ScoreRules(threshold=0.5)))
    run.take(frame_of(trades, [b""] * 300, 1), 0)
    run.tick(int(NEVER))
    prices = pd.Series(trades["price"] - 1e9)  # the same scores, without the large part
    before = prices.shift(1).rolling(100, min_periods=20)
    z = (prices - before.mean()) / before.std()
    found = [m for m in messages(run, "anomalies") if m["kind"] == "price"]
    assert len(found) == int((z.abs() >= 0.5).sum())
    for m in found:
        assert m["z"] == pytest.approx(z[m["timestamp"] - NOW_MS], rel=1e-9)


def test_a_late_trade_is_counted_and_in_no_score() -> None:
    run = Run(dataclasses.replace(rules, duplicates_ms=0))
    frame = shuffled(3, 100, 10 * SECOND, 0)
    run.take(frame, 0)
    run.tick(NOW_MS + MINUTE)
    run.outputs.clear()
    late = frames.take(shuffled(4, 30, 10 * SECOND, 0), np.arange(30) < 30)
    run.take(late, NOW_MS + MINUTE)
    run.tick(int(NEVER))
    assert messages(run, "anomalies") == []
    totals = {m["symbol"]: m for m in messages(run, "quality")}
    assert {m["kind"] for m in totals.values()} == {"totals"}
    assert sum(m["late"] for m in totals.values()) == 30
    assert sum(m["trades"] for m in totals.values()) == 130


def test_copies_are_counted_by_symbol() -> None:
    run = Run(rules)
    frame = shuffled(5, 60, 10 * SECOND, 0)
    run.take(frame, NOW_MS)
    run.restore()
    run.take(frame, NOW_MS)
    run.tick(int(NEVER))
    totals = {m["symbol"]: m for m in messages(run, "quality") if m["kind"] == "totals"}
    assert {m["duplicates"] - m["trades"] for m in totals.values()} == {0}


def test_clocks_that_run_ahead_of_kafkas_are_counted() -> None:
    run = Run(rules)
    frame = dataclasses.replace(shuffled(5, 60, 10 * SECOND, 0), crossed=(2, 0, 5))
    run.take(frame, 0)
    run.restore()
    run.take(dataclasses.replace(shuffled(6, 60, 10 * SECOND, 0), crossed=(1, 0, 0)), 0)
    run.tick(int(NEVER))
    totals = {m["symbol"]: m for m in messages(run, "quality") if m["kind"] == "totals"}
    crossed = {symbol: each["crossed_clocks"] for symbol, each in totals.items()}
    assert crossed == {"S0": 3, "S1": 0, "S2": 5}


def test_shocks_are_found_and_normal_values_seldom_called_so() -> None:
    rng = np.random.default_rng(7)
    n = 200_000
    trades = random_trades(rng, n, symbols=4, span_ms=MINUTE)
    trades["timestamp"] = NOW_MS + np.arange(n)
    trades["price"] = 100 + rng.standard_normal(n) * 0.01
    trades["quantity"] = 50 + rng.standard_normal(n)
    shocked = np.arange(5_000, n, 1_000)
    trades["price"][shocked] = 100 + 0.01 * 9 * rng.choice([-1, 1], shocked.size)
    run = Run(dataclasses.replace(rules, duplicates_ms=0, scores=ScoreRules()))
    run.take(frame_of(trades, [b""] * n, 4), 0)
    run.tick(int(NEVER))
    found = messages(run, "anomalies")
    places = {m["timestamp"] - NOW_MS for m in found if m["kind"] == "price" and abs(m["z"]) > 6}
    assert set(shocked.tolist()) <= places
    # Without shocks: Student's t of 99 degrees of freedom, of a value and the mean of 100 others.
    alarms = sum(m["kind"] == "quantity" for m in found) / n
    theory = 0.00355  # 2 * t(99).sf(3 / sqrt(1 + 1 / 100))
    assert alarms == pytest.approx(theory, rel=0.2)


def test_the_watch_can_be_switched_off() -> None:
    run = Run(dataclasses.replace(rules, scores=dataclasses.replace(SCORES, window=0)))
    run.take(shuffled(3, 100, 10 * SECOND, 0), NOW_MS)
    run.tick(int(NEVER))
    assert not messages(run, "anomalies") + messages(run, "quality")


@pytest.mark.parametrize("small", [False, True])
def test_a_watch_that_is_switched_off_lets_go_of_the_trades_that_waited(small: bool) -> None:
    run = Run(rules)
    with small_journals(small):
        run.take(shuffled(3, 100, 10 * SECOND, 0), NOW_MS - MINUTE)
    off = dataclasses.replace(rules, scores=dataclasses.replace(SCORES, window=0))
    run.shard = Shard.restored(0, off, run.checkpoint(), 0)
    run.outputs.clear()
    run.take(shuffled(4, 100, 10 * SECOND, 0), NOW_MS - MINUTE)
    run.tick(int(NEVER))
    assert not messages(run, "anomalies") + messages(run, "quality")


def test_a_gap_over_days_is_told_as_long_as_the_symbol_is_remembered() -> None:
    run = Run(rules)
    one = shuffled(3, 1, SECOND, 0)
    later = shuffled(3, 1, SECOND, 0)
    later.trades["timestamp"] += 3 * DAY
    start, end = int(one.trades["timestamp"][0]), int(later.trades["timestamp"][0])
    run.take(one, NOW_MS)
    for day in range(3):
        run.tick(NOW_MS + day * DAY + MINUTE)
        run.restore()
    run.take(later, end - MINUTE)
    run.tick(int(NEVER))
    (gap,) = [m for m in messages(run, "quality") if m["kind"] == "gap"]
    assert (gap["start"], gap["end"], gap["length"], gap["threshold"]) == (
        *(start, end, 3 * DAY),
        2_000,
    )
