"""Outputs: the cleaned trades, and every row that was removed with why."""

from pathlib import Path

from duckdb import DuckDBPyConnection

from scripts.profiling.database import TAPE_ORDER
from udfs import scanner

_FIELDS = f"""
    symbols.name AS symbol, price, quantity, timestamp,
    CASE side WHEN {scanner.BUY} THEN 'buy' ELSE 'sell' END AS side,
    trade_id, exchanges.name AS exchange
"""
_NAMES = """
    JOIN symbols ON symbols.code = symbol
    LEFT JOIN exchanges ON exchanges.code = exchange
"""
_PARQUET = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100_000)"


def write_cleaned(connection: DuckDBPyConnection, path: Path, keep_outliers: bool) -> int:
    """Writes the trades that stay, by time and then by id; returns how many.

    Args:
        connection: The database.
        path: Parquet; the fields of a trade.
        keep_outliers: Whether fat fingers stay.
    """
    kept = "trades" if keep_outliers else "trades ANTI JOIN fingers USING (number)"
    return _written(
        connection,
        f"""
        SELECT {_FIELDS}
        FROM {kept} {_NAMES}
        ORDER BY {TAPE_ORDER}, symbols.name, number
        """,
        path,
    )


def write_removed(connection: DuckDBPyConnection, path: Path, keep_outliers: bool) -> int:
    """Writes every other row, by its place; returns how many.

    Args:
        connection: The database.
        path: Parquet; ``reason`` and ``detail``, the place (``part``, ``position`` and, of what
            could not be read, ``index`` and ``payload``), and the fields of a trade.
        keep_outliers: Whether fat fingers stay.
    """
    return _written(
        connection,
        f"""
        WITH removed AS (
            SELECT
                'duplicate' AS reason, 'a copy of a trade that came before' AS detail,
                part, position, NULL AS "index", NULL::BLOB AS payload, {_FIELDS}
            FROM copies {_NAMES}
            UNION ALL BY NAME
            SELECT
                'fat_finger' AS reason,
                format('{{:+.2f}}% off {{:.10g}}, the mean of the {{}} before it',
                       100 * away, mean, held) AS detail,
                part, position, {_FIELDS}
            FROM fingers JOIN trades USING (number) {_NAMES}
            WHERE {not keep_outliers}
            UNION ALL BY NAME
            SELECT * FROM rejects
        )
        SELECT
            reason, detail, parts.name AS part, position, "index", payload,
            symbol, price, quantity, timestamp, side, trade_id, exchange
        FROM removed JOIN parts ON parts.code = part
        ORDER BY removed.part, position, "index" NULLS FIRST, reason, timestamp, trade_id
        """,
        path,
    )


def _written(connection: DuckDBPyConnection, query: str, path: Path) -> int:
    name = str(path).replace("'", "''")
    (count,) = connection.execute(f"COPY ({query}) TO '{name}' {_PARQUET}").fetchone() or (0,)
    return int(count)
