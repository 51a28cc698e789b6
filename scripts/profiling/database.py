"""The database: DuckDB over what was stored, which goes to disk where memory is short."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from scripts.profiling.names import Names
from scripts.profiling.store import Store
from scripts.profiling.terms import ProfileError

TAPE_ORDER = "timestamp, id_length, id_high, id_low, price, quantity"
"""The order of a tape of one symbol (``udfs.tape``): shorter ids first, so that numbers ascend."""


@contextmanager
def database(
    folder: Path, memory: str, store: Store, names: Names, parts: dict[int, str]
) -> Iterator[DuckDBPyConnection]:
    """A database that spills into a folder, with views of what was stored.

    Args:
        folder: Its own.
        memory: That it may take, as ``1GB``.
        store: What was read.
        names: Of the symbols and exchanges.
        parts: The names of the parts.

    Raises:
        ProfileError: The memory is none.
    """
    try:
        connection = duckdb.connect(
            config={"memory_limit": memory, "temp_directory": str(folder / "spilled")}
        )
    except duckdb.Error as error:
        raise ProfileError(f"expected memory as 1GB, got {memory}: {error}") from error
    with connection:
        for name in ("trades", "copies", "rejects"):
            connection.read_parquet(str(getattr(store, name))).create_view(name)
        for name, texts in (
            ("symbols", dict(enumerate(names.symbols))),
            ("exchanges", dict(enumerate(names.exchanges))),
            ("parts", parts),
        ):
            rows = pa.table(
                {
                    "code": pa.array(texts.keys(), pa.int64()),
                    "name": pa.array(texts.values(), pa.string()),
                }
            )
            connection.from_arrow(rows).create(name)
        yield connection
