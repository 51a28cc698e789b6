"""Correlations are what pandas says of the whole table of closes, however its parts come."""

import dataclasses
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.udfs.correlation_makers import (
    Found,
    assert_same,
    closes_of,
    correlations_expected,
    correlations_of,
)
from tests.udfs.journals import Journal
from tests.udfs.makers import NOW_MS
from tests.udfs.test_analytics import shuffled
from tests.udfs.test_shard import RULES, Run, parts_of, seeds
from udfs import correlations
from udfs.candles import CANDLE
from udfs.correlations import Correlations, matrix, pack
from udfs.intervals import MINUTE, MINUTE_MS, SECOND_MS
from udfs.periods import CorrelationRules
from udfs.windows import NEVER

START = NOW_MS // MINUTE_MS * MINUTE_MS
OF_FIVE = CorrelationRules(window=5, least=3)


class Minutes:
    """Correlations with their journal, restored from it when that is asked for."""

    def __init__(self, rules: CorrelationRules = OF_FIVE) -> None:
        self.rules = rules
        self.each = Correlations(rules)
        self.journal = Journal()
        self.messages: list[dict[str, Any]] = []

    def take(self, piece: bytes) -> None:
        self.each.take(piece)

    def tick(self, passed: int, now_ms: int | None = None) -> None:
        for key, value in self.each.tick(passed, now_ms):
            message = json.loads(value)
            assert key.decode() == message["symbol"]
            self.messages.append(message)

    def restore(self) -> None:
        self.journal.write(self.each.journal())
        self.each = Correlations(self.rules, self.journal)

    @property
    def found(self) -> Found:
        return correlations_of(self.messages)


def random_minutes(rng: np.random.Generator, minutes: int, symbols: int) -> pd.DataFrame:
    """Closes that move together; some symbols do not move at all, some minutes have no trades."""
    moves = rng.standard_normal((minutes, 1)) + rng.standard_normal((minutes, symbols))
    moves[:, rng.random(symbols) < 0.2] = 0
    closes = 10.0 ** rng.integers(-3, 6, symbols) * np.exp(np.cumsum(moves * 1e-3, axis=0))
    closes[rng.random(closes.shape) < rng.choice([0, 0.3])] = np.nan
    ends = START + np.arange(1, minutes + 1) * MINUTE_MS
    names = [f"S{n}" for n in rng.permutation(symbols)]
    return pd.DataFrame(closes, index=ends, columns=names).dropna(how="all")


def rows_of(row: Any, end: int) -> tuple[NDArray[np.void], list[str]]:
    row = row.dropna()
    rows = np.zeros(len(row), CANDLE)
    rows["interval"], rows["start"], rows["trades"] = MINUTE, end - MINUTE_MS, 1
    rows["symbol"], rows["close"] = np.arange(len(row)), row.to_numpy()
    return rows, list(row.index)


@settings(max_examples=200, deadline=None)
@given(seeds, st.integers(1, 70), st.integers(1, 8), st.integers(2, 30))
def test_the_matrix_is_that_of_pandas(seed: int, rows: int, columns: int, least: int) -> None:
    rng = np.random.default_rng(seed)
    values = 10.0 ** rng.integers(-6, 3) * (rng.integers(-5, 5) + rng.standard_normal((rows, 1)))
    values = values + rng.standard_normal((rows, columns)) * np.abs(values).mean()
    values[rng.random(values.shape) < rng.choice([0, 0.1, 0.6])] = np.nan
    found, counts = matrix(values, least)
    wanted = pd.DataFrame(values).corr(min_periods=least).to_numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)
    there = ~np.isnan(values)
    np.testing.assert_array_equal(counts, (there[:, :, None] & there[:, None, :]).sum(axis=0))


def test_what_does_not_move_has_no_correlation() -> None:
    moving = np.array([0.1, -0.2, 0.3, 0.1])
    for constant in (0.0, 0.1, 1e-9):
        found, _ = matrix(np.stack([moving, np.full(4, constant), -moving], axis=1), 3)
        assert np.isnan(found[1]).all()
        assert found[0, 2] == pytest.approx(-1)
    stands = np.array([0.1, 0.1, 0.1, 0.7, -0.3])
    moving = np.array([0.2, 0.1, -0.3, np.nan, np.nan])
    found, _ = matrix(np.stack([stands, moving], axis=1), 3)
    assert np.isnan(found[0, 1])


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(2, 25), st.integers(1, 9), st.data())
def test_each_minute_has_the_correlations_of_those_before_it(
    seed: int, minutes: int, symbols: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    table = random_minutes(rng, minutes, symbols)
    run = Minutes()
    small = data.draw(st.booleans())
    with pytest.MonkeyPatch.context() as patch:
        if small:
            patch.setattr(correlations, "LEAST_JOURNAL", 0)
        waiting: list[int] = []
        for end in table.index:
            waiting.append(int(end))
            if data.draw(st.booleans()):
                continue
            # Several shards say how some minutes closed, then all of these pass.
            for shard in rng.permutation(3):
                own = [str(name) for place, name in enumerate(table) if place % 3 == shard]
                for minute in waiting:
                    rows, names = rows_of(table[own].loc[minute], minute)
                    if rows.size:
                        run.take(pack(rows, names))
                if data.draw(st.booleans()):
                    run.restore()
            waiting.clear()
            run.tick(int(end))
            if data.draw(st.booleans()):
                run.restore()
                run.tick(int(end))  # is computed once
        for minute in waiting:
            run.take(pack(*rows_of(table.loc[minute], minute)))
        run.tick(int(NEVER))
    assert_same(run.found, correlations_expected(table, OF_FIVE))


def test_a_corrected_minute_counts_from_then_on() -> None:
    table = random_minutes(np.random.default_rng(4), 12, 4)
    run = Minutes()
    for end in table.index[:8]:
        run.take(pack(*rows_of(table.loc[end], int(end))))
        run.tick(int(end))
    before = dict(run.found)
    corrected = table.copy()
    late = table.index[6]
    corrected.loc[late] *= [1.01, 0.98, 1.0, 1.02]
    run.take(pack(*rows_of(corrected.loc[late], int(late))))
    run.restore()
    for end in table.index[8:]:
        run.take(pack(*rows_of(corrected.loc[end], int(end))))
        run.tick(int(end))
    wanted = {
        k: v for k, v in correlations_expected(corrected, OF_FIVE).items() if k[2] > table.index[7]
    }
    assert_same(run.found, before | wanted)


def test_of_too_many_symbols_those_with_most_trades_have_correlations() -> None:
    table = random_minutes(np.random.default_rng(6), 8, 5)
    run = Minutes(dataclasses.replace(OF_FIVE, symbols=3))
    busiest = sorted(map(str, table))[1:4]
    for end in table.index:
        rows, names = rows_of(table.loc[end], int(end))
        rows["trades"] = [10 if name in busiest else 1 for name in names]
        run.take(pack(rows, names))
        run.tick(int(end), now_ms=5)
    wanted = correlations_expected(table[busiest], OF_FIVE)
    assert_same(
        {k: v for k, v in run.found.items() if k[2] == table.index[-1]},
        {k: v for k, v in wanted.items() if k[2] == table.index[-1]},
    )
    assert run.messages[-1]["left_out"] == 2
    assert run.messages[-1]["updated_at"] == 5


def test_what_no_window_goes_back_to_is_forgotten_and_the_others_go_on() -> None:
    rng = np.random.default_rng(8)
    ends = START + np.arange(1, 60) * MINUTE_MS
    table = pd.DataFrame(np.nan, ends, [*(f"S{n}" for n in range(59)), "T", "U"])
    for place, end in enumerate(ends):
        table.loc[end, [f"S{place}", "T", "U"]] = np.exp(rng.standard_normal(3))
    run = Minutes()
    for end in ends.tolist():
        run.take(pack(*rows_of(table.loc[end], end)))
        run.tick(end)
    assert_same(run.found, correlations_expected(table, OF_FIVE))
    run.restore()
    assert len(run.each._minutes) == OF_FIVE.window + 1
    assert len(run.each._symbols) <= 2 * (OF_FIVE.window + 1 + 2)


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 250), st.lists(st.integers(0, 250), max_size=6), st.data())
def test_a_shard_says_how_its_minutes_closed(
    seed: int, n: int, cuts: list[int], data: st.DataObject
) -> None:
    frame = shuffled(seed, n, 20 * MINUTE_MS, 2 * SECOND_MS)
    shard = Run(dataclasses.replace(RULES, sends_closes=True))
    run = Minutes()
    watermark = START - MINUTE_MS
    for part in parts_of(frame, cuts):
        shard.take(part, watermark)
        if part.trades.size:
            watermark = max(watermark, int(part.trades["timestamp"].max()) - 3 * SECOND_MS)
        shard.tick(watermark)
        if data.draw(st.booleans()):
            shard.restore()
    shard.tick(int(NEVER))
    for output, _, piece in shard.outputs:
        if output == "closes":
            run.take(piece)
    run.tick(int(NEVER))
    assert_same(run.found, correlations_expected(closes_of(shard.candles), OF_FIVE))


def test_no_shard_says_how_minutes_closed_where_nobody_asks() -> None:
    shard = Run()
    shard.take(shuffled(1, 100, 20 * MINUTE_MS, 0), START)
    shard.tick(int(NEVER))
    assert "closes" not in {output for output, _, _ in shard.outputs}
