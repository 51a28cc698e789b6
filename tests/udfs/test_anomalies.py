"""An anomaly of a trade is written as the struct has it, whatever its numbers are."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.test_shard import seeds
from udfs import anomalies
from udfs.anomalies import Anomaly
from udfs.trades import TRADE
from udfs.zscore import FINDING, PRICE, QUANTITY

TOPICS = {0: "trades", 1: 'tr"ades'}
STATISTICS = "mean", "deviation", "score"


@settings(max_examples=200, deadline=None)
@given(
    seeds,
    st.lists(st.text(min_size=1), min_size=1, max_size=5, unique=True),
    st.sampled_from([None, 0, 1_767_225_600_000]),
)
def test_an_anomaly_says_what_was_found(seed: int, names: list[str], now_ms: int | None) -> None:
    rng = np.random.default_rng(seed)
    trades, found = np.zeros(8, TRADE), np.zeros(rng.integers(20), FINDING)
    trades["symbol"] = rng.integers(0, len(names), 8)
    trades["source"] = rng.integers(0, 2, 8) << 16 | rng.integers(0, 9, 8)
    trades["timestamp"], trades["offset"] = rng.integers(0, 10**15, (2, 8))
    for name in ("price", "quantity"):
        # Decimals as they are traded, and doubles that no decimals say.
        trades[name] = 10.0 ** rng.integers(-8, 9) * (1 + rng.random(8))
        if rng.random() < 0.7:
            trades[name] = np.maximum(trades[name].round(rng.integers(0, 7)), 1e-7)
    found["trade"] = rng.integers(0, 8, found.size)
    found["kind"] = rng.choice([PRICE, QUANTITY], found.size)
    for name in STATISTICS:
        found[name] = 10.0 ** rng.integers(-9, 9, found.size) * rng.standard_normal(found.size)
    found["threshold"] = rng.choice([3.0, 0.1, 1 / 3], found.size)
    found["score"] += np.copysign(found["threshold"], found["score"])
    found["count"] = rng.integers(2, 10_000, found.size)

    written = list(anomalies.messages(trades, found, names, TOPICS, now_ms))

    assert len(written) == found.size
    for (key, value), finding in zip(written, found, strict=True):
        trade = trades[finding["trade"]]
        anomaly = msgspec.json.decode(value, type=Anomaly)
        assert list(msgspec.json.decode(value)) == list(Anomaly.__struct_fields__[:-1])
        assert key.decode() == anomaly.symbol == names[trade["symbol"]]
        assert anomaly.kind == ("price" if finding["kind"] == PRICE else "quantity")
        assert (anomaly.timestamp, anomaly.offset) == (trade["timestamp"], trade["offset"])
        assert (anomaly.topic, anomaly.partition) == (
            TOPICS[trade["source"] >> 16],
            trade["source"] & 0xFFFF,
        )
        assert anomaly.updated_at == (trade["timestamp"] if now_ms is None else now_ms)
        assert (anomaly.interval, anomaly.features) == (None, None)
        assert (anomaly.value, anomaly.threshold) == (trade[anomaly.kind], finding["threshold"])
        assert anomaly.count == finding["count"]
        statistics = anomaly.mean, anomaly.standard_deviation, anomaly.z
        assert statistics == pytest.approx([finding[name] for name in STATISTICS], rel=2e-11, abs=0)
        times = abs(finding["score"]) / finding["threshold"]
        assert anomaly.severity == (
            "critical" if times >= 2 else "major" if times >= 1.5 else "minor"
        )
