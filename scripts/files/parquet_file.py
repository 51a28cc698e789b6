"""Rows of Parquet."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from scripts.files.errors import FileError
from scripts.files.layout import SAMPLE_ROWS, Layout
from scripts.files.rows import Batch


class ParquetFile:
    """A file of Parquet, mapped into memory and decoded a batch at a time.

    Args:
        path: Where it is.
        partitions: Columns that its folders say, with the value that all its rows have.
        latest_ms: The latest time that is not too far ahead.

    Raises:
        FileError: It is not Parquet, or its columns are not those of trades.
    """

    def __init__(self, path: Path, partitions: Mapping[str, str | None], latest_ms: int) -> None:
        self._path = path
        try:
            with pq.ParquetFile(path, memory_map=True) as file:
                names = file.schema_arrow.names
                self._partitions = {k: v for k, v in partitions.items() if k not in names}
                self._layout = Layout([*names, *self._partitions], str(path), latest_ms)
                self._names = [n for n in self._layout.columns.values() if n in names]
                for sample in self._batches(file, 0, SAMPLE_ROWS):
                    self._layout.measure(sample)
                    break
        except (pa.ArrowException, OSError) as error:
            raise FileError(f"{path}: expected Parquet: {error}") from None

    def read(self, first: int, batch_rows: int) -> Iterator[Batch]:
        """Yield the rows from ``first`` on; row groups before it are not looked at.

        Raises:
            FileError: The file is broken.
        """
        try:
            with pq.ParquetFile(self._path, memory_map=True) as file:
                for columns in self._batches(file, first, batch_rows):
                    yield self._layout.batch(columns)
        except (pa.ArrowException, OSError) as error:
            raise FileError(f"{self._path}: expected Parquet: {error}") from None

    def _batches(self, file: Any, first: int, batch_rows: int) -> Iterator[dict[str, Any]]:
        group = 0
        while group < file.num_row_groups:
            rows = file.metadata.row_group(group).num_rows
            if first < rows:
                break
            first -= rows
            group += 1
        groups = range(group, file.num_row_groups)
        for batch in file.iter_batches(batch_rows, row_groups=groups, columns=self._names):
            found, first = batch.slice(first), max(first - batch.num_rows, 0)
            if found.num_rows:
                yield {name: found.column(name) for name in self._names} | {
                    name: [value] * found.num_rows for name, value in self._partitions.items()
                }
