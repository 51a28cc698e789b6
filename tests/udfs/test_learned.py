"""Learned scores against river's trees, and what is said of candles that are rare to a model."""

import dataclasses
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from river import anomaly, compose, preprocessing

from scripts.generate.feed import Feed, blocks
from scripts.generate.shocks import Shock
from tests.udfs.candle_makers import random_candles, total_of
from tests.udfs.makers import NOW_MS, column, each_of
from tests.udfs.test_analytics import feed, newest, series_of, shuffled
from tests.udfs.test_shard import RULES, SECOND, Run
from udfs import frames, trades
from udfs.analytics import AnalyticsRules
from udfs.anomalies import of_model
from udfs.candles import CANDLE
from udfs.intervals import INTERVALS, MINUTE, MINUTE_MS
from udfs.learned import _SEED, COUNT, FEATURES, SCORE, Model
from udfs.periods import ModelRules, RobustRules, ScoreRules
from udfs.robust import FIELDS, Robust
from udfs.robust import SCORE as ROBUST_SCORE
from udfs.series import Series
from udfs.shard import Output, Shard
from udfs.sums import limbs
from udfs.windows import NEVER

seeds = st.integers(0, 2**32 - 1)
some_rules = st.builds(
    ModelRules, trees=st.integers(1, 12), height=st.integers(1, 7), window=st.integers(2, 60)
)
HORIZON = MINUTE_MS
TOLERANCE = 1e-9
NOTHING = RobustRules(intervals=())


def candles(rng: np.random.Generator, n: int) -> NDArray[np.void]:
    """The closed candles of one series, some of their volume bought."""
    rows = random_candles(rng, n)
    for name, _ in limbs("volume"):
        rows[name.replace("volume", "buy_volume")] = rows[name] * rng.random(n)
    return rows


def told(rows: NDArray[np.void]) -> list[dict[str, float]]:
    """Candles as their topic has them, as far as the features follow from that."""
    names = [name for name, _ in limbs("volume", "buy_volume")]
    return [
        {
            **{name: float(row[name]) for name in ("high", "low", "close")},
            **dict(zip(("volume", "buy_volume"), total_of(row[names].tolist()), strict=True)),
        }
        for row in rows
    ]


def features_of(series: Sequence[dict[str, Any]]) -> Iterator[dict[str, float]]:
    """The features of all candles of one series but the first, by their definition."""
    for before, candle in pairwise(series):
        yield {
            "buy_share": candle["buy_volume"] / candle["volume"],
            "range": math.log(candle["high"] / candle["low"]),
            "return": math.log(candle["close"] / before["close"]),
            "volume": math.log(candle["volume"]),
        }


def scores_of(features: Iterable[dict[str, float]], rules: ModelRules) -> list[float]:
    """River's scores of candles, each by what was learned before it; NaN in the first window."""
    model = compose.Pipeline(
        preprocessing.MinMaxScaler(),
        anomaly.HalfSpaceTrees(
            n_trees=rules.trees, height=rules.height, window_size=rules.window, seed=_SEED
        ),
    )
    scores = []
    for place, each in enumerate(features):
        score = model.score_one(each)
        scores.append(score if place >= rules.window else math.nan)
        model.learn_one(each)
    return scores


def learned(rows: NDArray[np.void], rules: ModelRules, *cuts: int) -> NDArray[np.float64]:
    """The values of candles of one series, cut into parts."""
    model = Model(rules)
    states = np.zeros((1, model.width))
    parts = [
        model.advance(states, np.zeros(part.size, np.int64), part)
        for part in np.split(rows, sorted(cuts))
    ]
    return np.concatenate(parts)


def hold(rows: NDArray[np.void], values: NDArray[np.float64], rules: ModelRules) -> None:
    """Every score is river's, and every feature what its definition says."""
    expected = list(features_of(told(rows)))
    table = np.array([list(each.values()) for each in expected])
    assert tuple(expected[0]) == FEATURES
    assert np.isnan(values[0]).all()
    np.testing.assert_allclose(values[1:, COUNT + 1 :], table, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(values[1:, COUNT], np.arange(rows.size - 1))
    np.testing.assert_allclose(
        values[1:, SCORE], scores_of(expected, rules), rtol=0, atol=TOLERANCE
    )


def test_thousands_of_scores_are_those_of_river() -> None:
    rows = candles(np.random.default_rng(7), 5_000)
    values = learned(rows, ModelRules())
    hold(rows, values, ModelRules())
    assert np.nanstd(values[:, SCORE]) > 0.05


@settings(max_examples=40, deadline=None)
@given(seeds, some_rules, st.lists(st.integers(0, 300), max_size=3))
def test_scores_are_those_of_river_wherever_candles_are_cut(
    seed: int, rules: ModelRules, cuts: list[int]
) -> None:
    rows = candles(np.random.default_rng(seed), 300)
    hold(rows, learned(rows, rules, *cuts), rules)


@settings(max_examples=20, deadline=None)
@given(seeds, some_rules)
def test_each_series_is_learned_apart(seed: int, rules: ModelRules) -> None:
    rng = np.random.default_rng(seed)
    series = [candles(rng, 150) for _ in range(3)]
    places = rng.permutation(np.repeat(np.arange(3), 150))
    mixed = np.zeros(places.size, CANDLE)
    for number, rows in enumerate(series):
        mixed[places == number] = rows
    model = Model(rules)
    values = model.advance(np.zeros((3, model.width)), places, mixed)
    for number, rows in enumerate(series):
        np.testing.assert_array_equal(values[places == number], learned(rows, rules))


@settings(max_examples=40, deadline=None)
@given(
    seeds,
    st.integers(30, 250),
    st.sampled_from([0, HORIZON - 2 * SECOND]),
    st.lists(st.integers(0, 250), max_size=8),
    st.data(),
)
def test_late_trades_and_restores_leave_the_scores_of_the_whole_series(
    seed: int, n: int, delay_ms: int, cuts: list[int], data: st.DataObject
) -> None:
    model = ModelRules(tuple(INTERVALS), trees=3, height=3, window=4, threshold=TOLERANCE)
    analytics = AnalyticsRules((), robust=NOTHING, model=model, trends=False)
    frame = shuffled(seed, n, 2 * MINUTE_MS, delay_ms)
    rules = dataclasses.replace(
        RULES, analytics=analytics, scores=ScoreRules(window=0), correction_ms=HORIZON
    )
    run = Run(rules)
    feed(run, frame, cuts, data)
    found = newest(run, "anomalies", "symbol", "interval", "timestamp")
    wanted = set()
    for (symbol, interval), series in series_of(frame).items():
        features = list(features_of(series))
        for place, score in enumerate(scores_of(features, model)):
            key = symbol, interval, series[place + 1]["start"]
            if score >= 2 * TOLERANCE:
                wanted.add(key)
                assert found[key]["value"] == pytest.approx(score, abs=TOLERANCE)
                assert found[key]["features"] == pytest.approx(features[place], rel=1e-9)
                assert found[key]["count"] == place
    # One that was an anomaly until it was corrected stays published.
    assert delay_ms or set(found) == wanted


def test_a_state_of_other_trees_is_not_gone_on_with() -> None:
    rows = candles(np.random.default_rng(3), 60)
    every = np.ones(len(INTERVALS), np.bool_)
    rules = ModelRules(window=10)
    series = Series(Model(rules), every)
    series.expire(rows[:40])
    for other in (
        ModelRules(window=11),
        ModelRules(window=10, trees=9),
        ModelRules(window=10, height=5),
    ):
        new = Series(Model(other), every)
        new.load(series.pack())
        np.testing.assert_array_equal(new.close(rows[40:]), learned(rows[40:], other))
    same = Series(Model(dataclasses.replace(rules, threshold=0.5)), every)
    same.load(series.pack())
    np.testing.assert_array_equal(same.close(rows[40:]), learned(rows, rules)[40:])


def test_a_market_that_never_moves_has_no_rare_candles() -> None:
    rows = np.zeros(600, CANDLE)
    for name in ("high", "low", "close", "volume_0"):
        rows[name] = 5
    values = learned(rows, ModelRules())
    assert not np.isnan(values[1:, COUNT:]).any()
    assert np.isnan(values[:251, SCORE]).all()
    assert (values[251:, SCORE] == 0).all()


def test_a_candle_is_rare_whose_features_are_usual_one_by_one() -> None:
    rng = np.random.default_rng(5)
    n = 2_000
    size = rng.uniform(1, 10, n)  # the more is traded, the further prices go
    size[-1] = 9.5
    rows = np.zeros(n, CANDLE)
    rows["close"] = rows["low"] = 100
    rows["high"] = 100 * np.exp(0.001 * size)
    rows["volume_0"] = 1_000_000 * size**4
    rows["buy_volume_0"] = rows["volume_0"] * rng.uniform(0.4, 0.6, n)
    rows["volume_0"][-1] = 1_000_000
    rules = ModelRules()
    scores = learned(rows, rules)[:, SCORE]
    assert scores[-1] >= rules.threshold
    assert np.mean(scores[251:-1] >= rules.threshold) < 0.02
    robust = Robust(60, 20)
    judged = robust.advance(np.zeros((1, robust.width)), np.zeros(n, np.int64), rows)
    by_volume = judged[-1, FIELDS:]
    assert abs(by_volume[ROBUST_SCORE]) < RobustRules().threshold


def test_shocks_of_prices_are_found_with_few_false_alarms() -> None:
    truth: list[Shock] = []
    feed = Feed(count=80_000, rate=20, inject=0.001, inject_sigma=15)
    made = list(chain.from_iterable(blocks(feed, tell=truth.extend)))
    model = ModelRules(("1s",))
    analytics = AnalyticsRules((), robust=NOTHING, model=model, trends=False)
    rules = dataclasses.replace(RULES, analytics=analytics, scores=ScoreRules(window=0), forming=())
    shard = Shard(0, rules)
    outputs: list[Output] = []
    for first in range(0, len(made), 5_000):
        part = made[first : first + 5_000]
        times = np.array([message.timestamp_ms for message in part])
        sources, offsets = np.zeros(len(part), np.int32), np.arange(len(part))
        (batch,) = trades.decode(
            column(*(message.value for message in part)), times, sources, offsets, 60_000
        )
        (frame,) = frames.split(batch, 1)
        outputs += shard.take(frames.pack(frame), int(times.min()) - 1_000, 0)
    outputs += shard.tick(int(NEVER), 0)
    alarms, scored = set(), set()
    seen: dict[str, int] = {}
    for name, _, value in each_of(outputs):
        each = json.loads(value)
        if name == "candles" and each["interval"] == "1s":
            seen[each["symbol"]] = seen.get(each["symbol"], -1) + 1
            if seen[each["symbol"]] > model.window:
                scored.add((each["symbol"], each["start"]))
        elif name == "anomalies":
            alarms.add((each["symbol"], each["timestamp"]))
    shocked = {(shock.symbol, shock.timestamp // SECOND * SECOND) for shock in truth}
    of_prices = scored & {
        (shock.symbol, shock.timestamp // SECOND * SECOND)
        for shock in truth
        if shock.kind == "price"
    }
    assert alarms <= scored
    assert len(of_prices) > 20
    assert len(alarms & of_prices) / len(of_prices) > 0.2
    assert len(alarms - shocked) / len(scored - shocked) < 0.002


def test_a_message_has_what_the_score_can_be_checked_by() -> None:
    rows = np.zeros(5, CANDLE)
    rows["start"], rows["interval"] = NOW_MS + np.arange(5), MINUTE
    values = np.zeros((5, COUNT + 1 + len(FEATURES)))
    values[:, SCORE] = 0.89, 0.9, 0.9334, 0.9501, np.nan
    values[:, COUNT] = 300
    values[:, COUNT + 1 :] = 0.5, 0.25, -1.5, 3.0
    rules = ModelRules(("1m",), threshold=0.9)
    found = list(of_model(rows, values, rules, ["A"], None))
    assert {key for key, _ in found} == {b"A"}
    first, *others = [json.loads(value) for _, value in found]
    assert first == {
        "symbol": "A",
        "timestamp": NOW_MS + 1,
        "kind": "model",
        "interval": "1m",
        "value": 0.9,
        "mean": None,
        "standard_deviation": None,
        "z": None,
        "threshold": 0.9,
        "severity": "minor",
        "count": 300,
        "topic": None,
        "partition": None,
        "offset": None,
        "updated_at": NOW_MS + 1 + MINUTE_MS,
        "features": {"buy_share": 0.5, "range": 0.25, "return": -1.5, "volume": 3.0},
    }
    assert [each["severity"] for each in others] == ["major", "critical"]
    (_, last), *_ = of_model(rows[1:2], values[1:2], rules, ["A"], 7)
    assert json.loads(last)["updated_at"] == 7
