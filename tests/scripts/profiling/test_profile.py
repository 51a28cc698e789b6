"""The figures of a profile are those of pandas, and every row is in one of the two files."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np
import pandas as pd
import pytest

from scripts.profiling import findings, parquet, text
from scripts.profiling.piece import Piece, of_messages, to_json
from scripts.profiling.report import Spread
from scripts.profiling.statistics import QUANTILES
from scripts.profiling.terms import Terms
from tests.scripts.profiling import makers
from tests.scripts.profiling.makers import (
    profiled,
    recording,
    tight,
    with_symbols,
    without_about,
    write_csv,
    write_hive,
    write_ndjson,
    write_parquet,
)

BAD: list[tuple[dict[str, Any], str]] = [
    ({"price": -1.0}, "invalid_price"),
    ({"quantity": 0.0}, "invalid_quantity"),
    ({"side": "BUY"}, "invalid_side"),
    ({"timestamp": 1}, "timestamp_too_old"),
    ({"timestamp": makers.LATEST_MS + 1}, "timestamp_ahead"),
    ({"trade_id": "x" * 65}, "invalid_trade_id"),
    ({"price": 1e12, "quantity": 1e12}, "invalid_notional"),
]


def spoiled(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with a bad one of each kind among them."""
    made = list(rows)
    for number, (changes, _) in enumerate(BAD):
        made.insert(100 * number, {**rows[100 * number], **changes})
    return made


def without_copies(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows).drop_duplicates(["exchange", "symbol", "trade_id"])


def assert_spread(spread: Spread | None, values: "pd.Series[float]") -> None:
    assert spread is not None
    assert (spread.min, spread.max) == (values.min(), values.max())
    assert spread.mean == pytest.approx(values.mean())
    expected = np.percentile(values, list(QUANTILES.values()), method="inverted_cdf")
    assert [getattr(spread, name) for name in QUANTILES] == expected.tolist()


def test_figures_are_those_of_pandas(tmp_path: Path) -> None:
    rows = recording()
    report = profiled(write_parquet(rows, tmp_path / "a.parquet"), tmp_path).report
    trades = without_copies(rows)
    assert report.counts.rows == len(rows)
    assert report.counts.duplicates == len(rows) - len(trades)
    assert {each.symbol for each in report.symbols} == set(trades["symbol"])
    everything = [(report.total, trades)]
    everything += [
        (with_symbols(report)[str(symbol)], own) for symbol, own in trades.groupby("symbol")
    ]
    for series, own in everything:
        times = own["timestamp"]
        assert series.trades == len(own)
        assert (series.first, series.last) == (times.min(), times.max())
        assert_spread(series.price, own["price"])
        assert_spread(series.quantity, own["quantity"])
        by_symbol = own.groupby("symbol")["timestamp"]
        behind = by_symbol.cummax() - times
        assert series.out_of_order.count == (behind > 0).sum()
        assert series.out_of_order.largest == behind.max()
        lengths = own.sort_values("timestamp").groupby("symbol")["timestamp"].diff()
        for gaps, above in zip(series.gaps, [5_000, 30_000, np.inf], strict=True):
            own_gaps = lengths[(lengths >= gaps.threshold) & (lengths < above)]
            assert gaps.count == len(own_gaps)
            assert gaps.silent == own_gaps.sum()
            assert gaps.longest == (own_gaps.max() if len(own_gaps) else 0)
    lengths = trades.sort_values("timestamp").groupby("symbol")["timestamp"].diff()
    longest = lengths[lengths >= 500].nlargest(100).astype(int).tolist()
    assert [gap.length for gap in report.longest_gaps] == longest


def test_every_row_is_cleaned_or_removed_with_why_and_its_place(tmp_path: Path) -> None:
    rows = spoiled(recording())
    made = profiled(write_parquet(rows, tmp_path / "a.parquet"), tmp_path)
    counts, cleaned, removed = made.report.counts, made.cleaned, made.removed
    assert counts.rows == len(rows) == counts.cleaned + counts.removed
    assert (counts.cleaned, counts.removed) == (len(cleaned), len(removed))
    assert counts.removed == counts.invalid + counts.duplicates + counts.fat_fingers
    assert counts.invalid == len(BAD)
    by_reason = removed["reason"].value_counts().to_dict()
    assert by_reason.pop("duplicate") == counts.duplicates > 0
    assert by_reason.pop("fat_finger") == counts.fat_fingers > 0
    assert by_reason == made.report.invalid
    assert by_reason == {reason: 1 for _, reason in BAD}

    places = removed["position"].tolist()
    assert places == sorted(set(places))
    at = dict(zip(places, removed["reason"], strict=True))
    assert {place for place, reason in at.items() if reason in made.report.invalid} == {
        100 * number for number in range(len(BAD))
    }
    kept = [row for place, row in enumerate(rows) if place not in at]
    keys = [cleaned[name].tolist() for name in ("timestamp", "trade_id")]
    order = [(time, len(id_), id_) for time, id_ in zip(*keys, strict=True)]
    assert order == sorted(order)
    columns = ["symbol", "trade_id"]
    expected = pd.DataFrame(kept)[cleaned.columns].sort_values(columns, ignore_index=True)
    pd.testing.assert_frame_equal(cleaned.sort_values(columns, ignore_index=True), expected)


def test_the_form_of_a_recording_changes_nothing(tmp_path: Path) -> None:
    rows = spoiled(recording(count=3_000))
    one, *others = (
        without_about(profiled(path, tmp_path / f"of {path.name}").report)
        for path in (
            write_parquet(rows, tmp_path / "a.parquet"),
            write_csv(rows, tmp_path / "a.csv"),
            write_ndjson(rows, tmp_path / "a.ndjson"),
            write_ndjson(rows, tmp_path / "a.jsonl.gz"),
            write_hive(rows, tmp_path / "hive"),
        )
    )
    assert one.counts.invalid == len(BAD)
    for other in others:
        assert other == one


def test_pieces_of_any_size_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_parquet(spoiled(recording()), tmp_path / "a.parquet")
    whole = profiled(path, tmp_path / "whole")
    monkeypatch.setattr(parquet, "ROWS", 61)
    monkeypatch.setattr(findings, "CHUNK_ROWS", 37)
    small = profiled(path, tmp_path / "small")
    assert small.report == whole.report
    pd.testing.assert_frame_equal(small.cleaned, whole.cleaned)
    pd.testing.assert_frame_equal(small.removed, whole.removed)


def test_little_memory_gives_the_same(tmp_path: Path) -> None:
    path = write_parquet(recording(), tmp_path / "a.parquet")
    whole = profiled(path, tmp_path / "whole")
    little = profiled(path, tmp_path / "little", Terms(memory="40MB"))
    assert little.report == whole.report
    pd.testing.assert_frame_equal(little.cleaned, whole.cleaned)


def test_outliers_may_stay(tmp_path: Path) -> None:
    path = write_parquet(recording(), tmp_path / "a.parquet")
    strict = profiled(path, tmp_path / "a").report.counts
    made = profiled(path, tmp_path / "b", Terms(keep_outliers=True))
    counts = made.report.counts
    assert counts.fat_fingers == strict.fat_fingers > 0
    assert counts.cleaned == strict.cleaned + strict.fat_fingers == len(made.cleaned)
    assert counts.rows == counts.cleaned + counts.removed
    assert "fat_finger" not in set(made.removed["reason"])


def test_a_profile_of_some_trades_is_that_of_a_file_with_no_others(tmp_path: Path) -> None:
    rows = recording()
    times = sorted(row["timestamp"] for row in rows)
    from_ms, to_ms = times[len(times) // 4], times[3 * len(times) // 4]
    symbols = frozenset({"BTCUSDT", "EURUSD"})
    terms = Terms(symbols=symbols, from_ms=from_ms, to_ms=to_ms)
    chosen = [
        row for row in rows if row["symbol"] in symbols and from_ms <= row["timestamp"] < to_ms
    ]
    some = profiled(write_parquet(rows, tmp_path / "a.parquet"), tmp_path / "a", terms)
    only = profiled(write_parquet(chosen, tmp_path / "b.parquet"), tmp_path / "b")
    assert some.report.counts.outside == len(rows) - len(chosen)
    assert msgspec.structs.replace(some.report.counts, outside=0) == only.report.counts
    assert (some.report.total, some.report.symbols) == (only.report.total, only.report.symbols)
    pd.testing.assert_frame_equal(some.cleaned, only.cleaned)


def test_parts_are_of_days_of_their_own(tmp_path: Path) -> None:
    """A file with trades of before others': neither forgotten copies nor trades out of order."""
    rows = recording(silences=0)
    folder = tmp_path / "days"
    folder.mkdir()
    day = 86_400_000
    for number, name in enumerate(("b", "a")):
        moved = [{**row, "timestamp": row["timestamp"] + number * day} for row in rows]
        moved = [{**row, "trade_id": f"{number}-{row['trade_id']}"} for row in moved]
        write_parquet(moved, folder / f"{name}.parquet")
    one = profiled(write_parquet(rows, tmp_path / "one.parquet"), tmp_path / "one").report
    both = profiled(folder, tmp_path / "both").report
    assert both.counts.duplicates == 2 * one.counts.duplicates > 0
    disorder = both.total.out_of_order
    assert disorder.count == 2 * one.total.out_of_order.count > 0
    assert disorder.largest == one.total.out_of_order.largest < day


class Partitions:
    """A topic of two partitions, one of which is a day ahead of the other."""

    name, is_topic, total = "topic:two", True, 0.0
    parts: ClassVar = {0: "two/0", 1: "two/1"}

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def pieces(self) -> Iterator[Piece]:
        for first in range(0, len(self._rows), 100):
            some = self._rows[first : first + 100]
            for part in self.parts:
                day, mark = 86_400_000 * (1 - part), f"{part}-"
                messages: list[bytes | None] = [
                    to_json(
                        row
                        | {"timestamp": row["timestamp"] + day, "trade_id": mark + row["trade_id"]}
                    )
                    for row in some
                ]
                positions = first + np.arange(len(some))
                times = np.full(len(some), makers.LATEST_MS)
                yield from of_messages(messages, positions, times, part, 0)


def test_partitions_have_an_event_time_of_their_own(tmp_path: Path) -> None:
    rows = recording(silences=0)
    one = profiled(write_parquet(rows, tmp_path / "one.parquet"), tmp_path / "one").report
    both = profiled(Partitions(rows), tmp_path / "both").report
    assert both.counts.duplicates == 2 * one.counts.duplicates > 0
    disorder = both.total.out_of_order
    assert disorder.count == 2 * one.total.out_of_order.count
    assert disorder.largest == one.total.out_of_order.largest


def test_copies_are_forgotten_after_their_time(tmp_path: Path) -> None:
    row = {**recording(count=2)[0], "trade_id": "x"}
    minute = 60_000
    later = [
        {**row, "timestamp": row["timestamp"] + n * minute, "trade_id": str(n)} for n in (1, 9)
    ]
    path = write_ndjson([row, *later, row], tmp_path / "a.ndjson")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "ROWS", 1)
        for ttl, copies in ((20 * minute, 1), (2 * minute, 0), (0, 0)):
            terms = replace(Terms(), duplicates_ms=ttl)
            assert profiled(path, tmp_path / str(ttl), terms).report.counts.duplicates == copies


@pytest.mark.parametrize(
    "name", ["a.parquet", "a.csv", "a.ndjson", "nothing.csv", "nothing.ndjson"]
)
def test_an_empty_recording_is_an_empty_report(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.startswith("nothing"):
        path.touch()
    else:
        write = {".parquet": write_parquet, ".csv": write_csv, ".ndjson": write_ndjson}
        write[path.suffix]([], path)
    made = profiled(path, tmp_path)
    assert (made.report.counts.rows, made.report.symbols) == (0, [])
    assert (len(made.cleaned), len(made.removed)) == (0, 0)
    assert made.report.total.first is None
    assert made.report.total.price is None


def test_another_window_and_percent_make_other_fingers(tmp_path: Path) -> None:
    path = write_parquet(recording(off=0.01), tmp_path / "a.parquet")
    counts = [
        profiled(path, tmp_path / str(off), tight(Terms(), fat_finger=off)).report.counts
        for off in (0.5, 0.1, 0.0001)
    ]
    assert 0 == counts[0].fat_fingers < counts[1].fat_fingers < counts[2].fat_fingers
