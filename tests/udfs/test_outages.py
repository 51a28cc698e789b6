"""Outages are the silences of whole partitions, however what came was cut into batches."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.udfs.journals import Journal
from tests.udfs.makers import NOW_MS, each_of
from tests.udfs.outage_makers import silences, told
from tests.udfs.test_shard import RULES, SECOND, seeds, small_journals
from udfs import outages, tally
from udfs.outages import Outages, runs
from udfs.shard import Output, Shard
from udfs.shards import TALLY
from udfs.tally import Tally
from udfs.windows import NEVER

LENGTHS = (300, 2_000)
RULES_OF_SILENCE = dataclasses.replace(RULES, silences_ms=LENGTHS)
DELAY = 2 * SECOND


def batch(sources: NDArray[np.int32], times: NDArray[np.int64]) -> bytes:
    return tally.pack(Tally([], runs(sources, times, LENGTHS[0])))


def messages(outputs: list[Output]) -> list[dict[str, Any]]:
    return [json.loads(value) for name, _, value in each_of(outputs) if name == "quality"]


@settings(max_examples=100, deadline=None)
@given(
    seeds,
    st.integers(1, 200),
    st.sampled_from([5 * SECOND, 60 * SECOND, 600 * SECOND]),
    st.lists(st.integers(0, 200), max_size=10),
    st.data(),
)
def test_outages_are_those_of_the_whole_series(
    seed: int, n: int, span_ms: int, cuts: list[int], data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    times = NOW_MS + rng.integers(0, span_ms, n)
    order = np.argsort(times + rng.integers(0, DELAY + 1, n), kind="stable")
    times, sources = times[order], rng.integers(0, 3, n).astype(np.int32)
    shard = Shard(TALLY, RULES_OF_SILENCE)
    journal = Journal()
    outputs: list[Output] = []
    watermark = NOW_MS - DELAY - 1
    small = data.draw(st.booleans())
    for part in np.split(np.arange(n), sorted(cuts)):
        with small_journals(small):
            outputs += shard.take(batch(sources[part], times[part]), watermark, 0)
        if part.size:
            watermark = max(watermark, int(times[part].max()) - DELAY - 1)
        if data.draw(st.booleans()):
            journal.write(shard.journal())
            shard = Shard.restored(TALLY, RULES_OF_SILENCE, journal, 0)
    outputs += shard.tick(int(NEVER), 0)
    assert told(messages(outputs)) == silences(sources, times, LENGTHS)


def test_a_silence_is_told_when_event_time_is_past_its_end() -> None:
    shard = Shard(TALLY, RULES_OF_SILENCE)
    sources = np.zeros(2, np.int32)
    shard.take(batch(sources, np.array([NOW_MS, NOW_MS + 1_000])), NOW_MS, 0)
    event_time, _ = shard.due(0)
    assert event_time == NOW_MS + 1_000
    assert messages(shard.tick(event_time - 1, 0)) == []
    (message,) = messages(shard.tick(event_time, 7))
    assert message == {
        "kind": "outage", "symbol": "", "timestamp": NOW_MS + 1_000, "start": NOW_MS,
        "end": NOW_MS + 1_000, "length": 1_000, "threshold": 300, "topic": "trades",
        "partition": 0, "updated_at": 7,
    }  # fmt: skip
    assert messages(shard.tick(int(NEVER), 0)) == []


def test_what_comes_too_late_breaks_no_silence_that_was_told() -> None:
    held = Outages(LENGTHS)
    held.take([(0, 0, 100), (0, 5_000, 5_100)], 0)
    assert held.read(6_000) == [(0, 100, 5_000)]
    held.take([(0, 2_000, 2_000), (0, 4_900, 4_900)], 6_000)
    assert held.held == [(0, 4_900, 5_100)]
    assert held.read(7_000) == []


def test_runs_are_apart_by_the_least_silence() -> None:
    times = np.array([1_000, 1_299, 900, 1_600, 1_599, 5_000])
    found = runs(np.zeros(6, np.int32), times, 300)
    assert found == [(0, 900, 1_299), (0, 1_599, 1_600), (0, 5_000, 5_000)]
    held = Outages(LENGTHS, [(1, 0, 10), (1, 310, 320), (1, 200, 200)])
    assert held.held == [(1, 0, 320)]
    apart = [(1, 0, 10), (1, 310, 320)]
    assert Outages(LENGTHS, apart).held == apart


@pytest.mark.parametrize("silences_ms", [(), LENGTHS])
def test_outages_can_be_switched_off(silences_ms: tuple[int, ...]) -> None:
    shard = Shard(TALLY, dataclasses.replace(RULES, silences_ms=silences_ms))
    shard.take(batch(np.zeros(2, np.int32), np.array([NOW_MS, NOW_MS + 1_000])), NOW_MS, 0)
    assert len(messages(shard.tick(int(NEVER), 0))) == len(silences_ms) / 2


def test_of_no_record_there_is_no_run() -> None:
    assert outages.runs(np.zeros(0, np.int32), np.zeros(0, np.int64), 1) == []
