"""What is drawn: series of few points, whatever the number of trades."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from scripts.profiling.findings import BINS_A_DECADE, Findings
from scripts.profiling.report import Series

BUCKETS = 240
"""Points of a line."""
PRICES = 6
"""So many symbols' prices are drawn, those with most trades."""
MARKS = 300
"""So many outliers of a symbol are marked, the farthest."""

Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Prices:
    """The price of a symbol, fat fingers left out, and these."""

    symbol: str
    times: Ints
    """(n,) where buckets with trades begin, ms."""
    low: Doubles
    high: Doubles
    mean: Doubles
    outlier_times: Ints
    outliers: Doubles


@dataclass(frozen=True)
class Drawn:
    """All that is drawn."""

    width_ms: int
    """Of a bucket."""
    times: Ints
    """(n,) where buckets begin, those without trades too."""
    trades: Ints
    """(n,) how many are in each."""
    gap_edges: Doubles
    """(m + 1,) ms."""
    gaps: Ints
    """(m,)"""
    prices: list[Prices]


def draw(connection: DuckDBPyConnection, found: Findings, total: Series) -> Drawn:
    """What is to be drawn of the trades in the database.

    Args:
        connection: It.
        found: Their gaps.
        total: Their first and last time.
    """
    first, last = total.first or 0, total.last or 0
    width = max(-(-(last - first + 1) // BUCKETS), 1)
    counted = connection.execute(f"""
        SELECT (timestamp - {first}) // {width} AS bucket, count(*) AS n
        FROM trades
        GROUP BY bucket
    """).fetchnumpy()
    trades = np.zeros((last - first) // width + 1 if total.trades else 0, np.int64)
    trades[counted["bucket"]] = counted["n"]
    filled = np.flatnonzero(found.histogram)
    bins = slice(filled[0], filled[-1] + 1) if filled.size else slice(0)
    gaps = found.histogram[bins]
    edges = 10.0 ** ((np.arange(gaps.size + 1) + (filled[0] if filled.size else 0)) / BINS_A_DECADE)
    return Drawn(
        width,
        first + width * np.arange(trades.size),
        trades,
        edges,
        gaps,
        _prices(connection, first, width),
    )


def _prices(connection: DuckDBPyConnection, first: int, width: int) -> list[Prices]:
    most = connection.execute(f"""
        SELECT symbol, name
        FROM trades JOIN symbols ON code = symbol
        GROUP BY ALL
        ORDER BY count(*) DESC, name
        LIMIT {PRICES}
    """).fetchall()
    found = []
    for code, name in most:
        line = connection.execute(f"""
            SELECT
                {first} + (timestamp - {first}) // {width} * {width} AS time,
                min(price) AS low, max(price) AS high, avg(price) AS mean
            FROM trades ANTI JOIN fingers USING (number)
            WHERE symbol = {code}
            GROUP BY time
            ORDER BY time
        """).fetchnumpy()
        marks = connection.execute(f"""
            SELECT timestamp, price
            FROM fingers JOIN trades USING (number)
            WHERE symbol = {code}
            ORDER BY abs(away) DESC, number
            LIMIT {MARKS}
        """).fetchnumpy()
        columns: Any = [line[each] for each in ("time", "low", "high", "mean")]
        columns += [marks[each] for each in ("timestamp", "price")]
        found.append(Prices(name, *columns))
    return found
