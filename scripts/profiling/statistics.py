"""Statistics: what DuckDB says of the trades of each symbol, and of all."""

from typing import Any, Literal

from duckdb import DuckDBPyConnection

from scripts.profiling.report import FatFinger, Spread

QUANTILES = {"p01": 1, "p05": 5, "p25": 25, "p50": 50, "p75": 75, "p95": 95, "p99": 99}
"""In percent."""
FARTHEST = 100
"""So many fat fingers are listed."""

Row = dict[str, Any]


def rows(connection: DuckDBPyConnection, query: str) -> list[Row]:
    """What a query answers."""
    found = connection.execute(query)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, values, strict=True)) for values in found.fetchall()]


def by_symbol(connection: DuckDBPyConnection) -> list[Row]:
    """Trades without copies, copies, fat fingers and times of each symbol that has any."""
    return rows(
        connection,
        """
        WITH counted AS (
            SELECT symbol, count(*) AS trades, min(timestamp) AS first, max(timestamp) AS last
            FROM trades
            GROUP BY symbol
        ),
        copied AS (SELECT symbol, count(*) AS duplicates FROM copies GROUP BY symbol),
        off AS (
            SELECT symbol, count(*) AS fat_fingers
            FROM fingers JOIN trades USING (number)
            GROUP BY symbol
        )
        SELECT
            symbols.code, name AS symbol,
            coalesce(trades, 0) AS trades,
            coalesce(duplicates, 0) AS duplicates,
            coalesce(fat_fingers, 0) AS fat_fingers,
            first, last
        FROM symbols
        LEFT JOIN counted ON counted.symbol = code
        LEFT JOIN copied ON copied.symbol = code
        LEFT JOIN off ON off.symbol = code
        WHERE trades > 0 OR duplicates > 0
        ORDER BY name
        """,
    )


def spreads(
    connection: DuckDBPyConnection, value: Literal["price", "quantity"]
) -> dict[int | None, Spread]:
    """How a value is spread, by the symbol's code; None is all of them together.

    A quantile is the least value that this share of the trades does not exceed. It is exact: equal
    values, of which there are many as prices are in ticks, are counted together before all else.
    """
    quantiles = ",\n".join(
        f"min(value) FILTER (100 * upto >= {percent} * total) AS {name}"
        for name, percent in QUANTILES.items()
    )
    found = rows(
        connection,
        f"""
        WITH counted AS (
            SELECT symbol, {value} AS value, count(*) AS n
            FROM trades
            GROUP BY GROUPING SETS ((symbol, value), (value))
        ),
        ranked AS (
            SELECT
                symbol, value, n,
                sum(n) OVER (PARTITION BY symbol ORDER BY value) AS upto,
                sum(n) OVER (PARTITION BY symbol) AS total
            FROM counted
        )
        SELECT
            symbol,
            min(value) AS min,
            {quantiles},
            max(value) AS max,
            sum(value * n) / sum(n) AS mean
        FROM ranked
        GROUP BY symbol
        """,
    )
    # Threads add in whatever order: the last digits are not the same each time.
    return {
        row.pop("symbol"): Spread(**row | {"mean": float(f"{row['mean']:.12g}")}) for row in found
    }


def invalid(connection: DuckDBPyConnection) -> dict[str, int]:
    """How many rows are no trades, by reason, the most frequent first."""
    found = rows(
        connection,
        """
        SELECT reason, count(*) AS n
        FROM rejects
        GROUP BY reason
        ORDER BY n DESC, reason
        """,
    )
    return {row["reason"]: row["n"] for row in found}


def farthest(connection: DuckDBPyConnection) -> list[FatFinger]:
    """The prices that are farthest off."""
    found = rows(
        connection,
        f"""
        SELECT
            symbols.name AS symbol, timestamp, price, mean, away, held AS trades,
            parts.name AS part, position
        FROM fingers
        JOIN trades USING (number)
        JOIN symbols ON symbols.code = symbol
        JOIN parts ON parts.code = part
        ORDER BY abs(away) DESC, timestamp, number
        LIMIT {FARTHEST}
        """,
    )
    return [FatFinger(**row) for row in found]
