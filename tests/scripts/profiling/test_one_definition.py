"""A profile says what the job says of the same trades: there is one definition of each finding."""

import dataclasses
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.profiling import findings, piece, text
from scripts.profiling.terms import Terms
from tests.scripts.profiling.makers import (
    LATEST_MS,
    Profiled,
    profiled,
    recording,
    tight,
    with_symbols,
    write_ndjson,
)
from tests.udfs.makers import NOW_MS, each_of
from tests.udfs.test_shard import RULES
from udfs import decoding, frames
from udfs.analytics import AnalyticsRules
from udfs.clock import NO_WATERMARK
from udfs.decoding import Records
from udfs.periods import RobustRules, ScoreRules
from udfs.shard import Output, Shard
from udfs.windows import NEVER

NO_CANDLES = AnalyticsRules(robust=RobustRules(intervals=()))


def of_job(
    rows: list[dict[str, Any]], scores: ScoreRules
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """What the quality topic gets when these come over one partition, and none is late.

    And the duplicates of each symbol in the ledger.
    """
    messages = pa.array([json.dumps(row).encode() for row in rows], pa.binary())
    times, sources = np.full(len(rows), LATEST_MS), np.zeros(len(rows), np.int32)
    decoded = decoding.decode(Records(messages, times, sources, np.arange(len(rows))), 0)
    rules = dataclasses.replace(RULES, scores=scores, analytics=NO_CANDLES, ledger_ms=1)
    shard = Shard(0, rules)
    out: list[Output] = []
    for batch in decoded.batches:
        for frame in frames.split(batch, 1):
            out += shard.take(frames.pack(frame), NO_WATERMARK, NOW_MS)
    out += shard.tick(int(NEVER), NOW_MS + 10)
    said = [json.loads(value) for name, _, value in each_of(out) if name == "quality"]
    return said, shard.ledger.duplicates


def assert_equal(rows: list[dict[str, Any]], scores: ScoreRules, made: Profiled) -> None:
    said, duplicates = of_job(rows, scores)
    totals = {m["symbol"]: m for m in said if m["kind"] == "totals"}
    gaps = {(m["symbol"], m["start"], m["end"], m["threshold"]) for m in said if m["kind"] == "gap"}
    fingers = sorted(
        (m["symbol"], m["timestamp"], m["price"], m["offset"])
        for m in said
        if m["kind"] == "fat_finger"
    )
    listed = made.report.longest_gaps
    assert {(g.symbol, g.start, g.end, g.threshold) for g in listed} == gaps
    assert len(listed) == len(gaps)
    off = made.removed[made.removed["reason"] == "fat_finger"]
    columns = [off[name].tolist() for name in ("symbol", "timestamp", "price", "position")]
    assert sorted(zip(*columns, strict=True)) == fingers
    symbols = with_symbols(made.report)
    assert set(symbols) == set(totals)
    for symbol, said_of in totals.items():
        series = symbols[symbol]
        assert series.trades == said_of["trades"]
        assert series.duplicates == duplicates.get(symbol, 0)
        assert series.fat_fingers == said_of["fat_fingers"]
        assert series.out_of_order.count == said_of["out_of_order"]
        assert series.out_of_order.share == pytest.approx(said_of["out_of_order_share"])
        assert {str(g.threshold): g.count for g in series.gaps} == said_of["gaps"]


def test_findings_of_a_recording_are_those_of_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "LONGEST", 10**9)
    monkeypatch.setattr(findings, "CHUNK_ROWS", 300)
    rows = recording(count=6_000)
    made = profiled(write_ndjson(rows, tmp_path / "a.ndjson"), tmp_path)
    assert made.report.counts.duplicates > 50
    assert made.report.counts.fat_fingers > 10
    assert all(each.count for each in made.report.total.gaps)
    assert_equal(rows, Terms().scores, made)


ids = st.none() | st.integers(0, 30).map(str) | st.sampled_from(["a", "b" * 16, "b" * 17, "c" * 40])
trades = st.fixed_dictionaries(
    {
        "symbol": st.sampled_from(["A", "B", "é"]),
        "price": st.sampled_from([99.0, 100.0, 100.5, 101.0, 130.0, 70.0]),
        "quantity": st.sampled_from([1.0, 2.0]),
        "timestamp": st.integers(0, 60_000).map(lambda ms: NOW_MS + ms),
        "side": st.sampled_from(["buy", "sell"]),
        "trade_id": ids,
        "exchange": st.none() | st.sampled_from(["X", "Y"]),
    }
)


@settings(max_examples=25)
@given(st.lists(trades, min_size=1, max_size=120), st.sampled_from([1, 7, 10**6]))
def test_findings_are_those_of_the_job_whatever_comes(
    rows: list[dict[str, Any]], size: int
) -> None:
    rules = {"window": 6, "least": 3, "gaps_ms": (300, 2_000)}
    terms = tight(Terms(), **rules)
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr(findings, "LONGEST", 10**9)
        patch.setattr(findings, "CHUNK_ROWS", size)
        for module in (piece, text):
            patch.setattr(module, "ROWS", size)
        path = write_ndjson(rows, Path(folder) / "a.ndjson")
        assert_equal(rows, terms.scores, profiled(path, Path(folder), terms))
