"""Findings: gaps and fat fingers, by the job's own kernel, over the tape of each symbol."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from scripts.profiling.database import TAPE_ORDER
from scripts.profiling.terms import Terms
from udfs import zscore
from udfs.trades import TRADE
from udfs.zscore import FAT_FINGER, GAP, RUNNING, SYMBOL

CHUNK_ROWS = 100_000
LONGEST = 100
"""So many gaps are listed."""
BINS_A_DECADE = 8
BINS = 12 * BINS_A_DECADE
"""Of the lengths of gaps, from 1 ms on: more than 30 years."""

FINGERS = pa.schema(
    {"number": pa.int64(), "mean": pa.float64(), "away": pa.float64(), "held": pa.int64()}
)
GAP_ROW = np.dtype([("length", "i8"), ("symbol", "i8"), ("start", "i8"), ("threshold", "i8")])


@dataclass
class Findings:
    """What was found; arrays are by the symbol's code and the length that a gap reached."""

    counts: NDArray[np.int64]
    longest: NDArray[np.int64]
    """ms."""
    silent: NDArray[np.int64]
    """ms in all."""
    listed: NDArray[np.void]
    """(m,) of GAP_ROW, the longest of all, the longest first."""
    histogram: NDArray[np.int64]
    """(BINS,) gaps by length: bin i begins at 10 ** (i / BINS_A_DECADE) ms."""
    fingers: Path
    """Parquet of FINGERS."""


def find(connection: DuckDBPyConnection, terms: Terms, symbols: int, folder: Path) -> Findings:
    """Reads the tape of every symbol: trades without copies, in the order of their time.

    The job's watch reads the same tape as far as no trade is too late for it; here none is.

    Args:
        connection: The database.
        terms: What holds for the profile.
        symbols: How many there are.
        folder: Where fat fingers go.
    """
    rules = terms.scores
    levels = np.array(rules.gaps_ms, np.int64)
    shape = symbols, levels.size
    fingers = folder / "fingers.parquet"
    found = Findings(
        np.zeros(shape, np.int64),
        np.zeros(shape, np.int64),
        np.zeros(shape, np.int64),
        np.zeros(0, GAP_ROW),
        np.zeros(BINS, np.int64),
        fingers,
    )
    states = np.zeros(symbols, SYMBOL)
    values, running = np.zeros((symbols, 2, rules.window)), np.zeros((symbols, 2), RUNNING)
    # No score is asked for.
    thresholds = np.full(symbols, np.inf)
    reader = connection.sql(f"""
        SELECT number, symbol, timestamp, price, quantity
        FROM trades
        ORDER BY symbol, {TAPE_ORDER}, number
    """).to_arrow_reader(CHUNK_ROWS)
    with pq.ParquetWriter(fingers, FINGERS) as writer:
        for batch in reader:
            trades = np.zeros(batch.num_rows, TRADE)
            for name in ("symbol", "timestamp", "price", "quantity"):
                trades[name] = batch.column(name).to_numpy()
            seen = zscore.find(trades, states, values, running, thresholds, rules)
            _add_gaps(found, trades, seen[seen["kind"] == GAP], levels)
            off = seen[seen["kind"] == FAT_FINGER]
            if off.size:
                numbers = batch.column("number").to_numpy()[off["trade"]]
                columns = [numbers, off["mean"], off["score"], off["count"]]
                arrays = [pa.array(np.ascontiguousarray(each)) for each in columns]
                writer.write_table(pa.table(arrays, schema=FINGERS))
    connection.read_parquet(str(fingers)).create_view("fingers")
    return found


def _add_gaps(
    found: Findings, trades: NDArray[np.void], gaps: NDArray[np.void], levels: NDArray[np.int64]
) -> None:
    """Takes in the gaps before some trades."""
    if not gaps.size:
        return
    after = trades[gaps["trade"]]
    lengths = gaps["score"].astype(np.int64)
    at = after["symbol"], np.searchsorted(levels, gaps["threshold"])
    np.add.at(found.counts, at, 1)
    np.add.at(found.silent, at, lengths)
    np.maximum.at(found.longest, at, lengths)
    bins = np.minimum(BINS_A_DECADE * np.log10(lengths), BINS - 1).astype(np.int64)
    found.histogram += np.bincount(bins, minlength=BINS)
    rows = np.empty(gaps.size, GAP_ROW)
    rows["length"], rows["symbol"] = lengths, after["symbol"]
    rows["start"], rows["threshold"] = after["timestamp"] - lengths, gaps["threshold"]
    both = np.concatenate([found.listed, rows])
    order = np.lexsort([both["symbol"], both["start"], -both["length"]])
    found.listed = both[order[:LONGEST]]
