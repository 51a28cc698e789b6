"""Rows of CSV (RFC 4180), whose first row names the columns."""

import csv
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow

from scripts.files.errors import FileError
from scripts.files.layout import SAMPLE_ROWS, Layout, as_text
from scripts.files.lines import chunks_of
from scripts.files.rows import Batch, with_broken

ROW_BYTES = 64
"""Of a usual row, more or less."""
_BOM = b"\xef\xbb\xbf"

Columns = dict[str, Any]
Broken = dict[int, bytes]


class CsvFile:
    """A file of CSV. An empty cell is a field that is missing.

    Args:
        path: Where it is.
        partitions: Columns that its folders say, with the value that all its rows have.
        latest_ms: The latest time that is not too far ahead.

    Raises:
        FileError: Its header, one line, is not one of trades.
    """

    def __init__(self, path: Path, partitions: Mapping[str, str | None], latest_ms: int) -> None:
        self._path = path
        with path.open("rb") as file:
            line = file.readline()
            self._begin = file.tell()
        text = line.removeprefix(_BOM).decode(errors="replace")
        try:
            self._header = [cell.strip() for cell in next(csv.reader([text], strict=True), [])]
        except csv.Error as error:
            raise FileError(f"{path}: expected a header of CSV: {error}") from None
        partitions = {k: v for k, v in partitions.items() if k not in self._header}
        self._layout = Layout([*self._header, *partitions], str(path), latest_ms)
        names = self._layout.columns.values()
        self._partitions = {k: v for k, v in partitions.items() if k in names}
        self._places = {n: self._header.index(n) for n in names if n not in partitions}
        for columns, _, _ in self._columns(SAMPLE_ROWS):
            self._layout.measure(columns)
            break

    def read(self, first: int, batch_rows: int) -> Iterator[Batch]:
        """Yield the rows from ``first`` on."""
        for columns, broken, count in self._columns(batch_rows):
            if first < count:
                yield with_broken(self._layout.batch(columns), broken)[first:]
            first = max(first - count, 0)

    def _columns(self, batch_rows: int) -> Iterator[tuple[Columns, Broken, int]]:
        """Yield columns of rows, the broken rows among them by their places, and the count."""
        chunks = chunks_of(self._path, self._begin, batch_rows * ROW_BYTES)
        for chunk in chunks:
            found = self._quickly(chunk)
            columns, broken, count = found or self._carefully(_Lines(chunk, chunks))
            if count:
                whole = count - len(broken)
                columns |= {name: [value] * whole for name, value in self._partitions.items()}
                yield columns, broken, count

    def _quickly(self, chunk: bytes) -> tuple[Columns, Broken, int] | None:
        """The columns of lines that all are rows, with their quotes around whole cells."""
        quotes = chunk.count(b'"')
        if quotes:
            opening = chunk.count(b',"') + chunk.count(b'\n"') + chunk.startswith(b'"')
            closing = chunk.count(b'",') + chunk.count(b'"\n') + chunk.count(b'"\r')
            if opening != closing or opening + closing != quotes:
                return None
        names = [str(place) for place in range(len(self._header))]
        try:
            table = arrow.read_csv(
                pa.BufferReader(chunk),
                arrow.ReadOptions(column_names=names, block_size=len(chunk) + 1),
                convert_options=arrow.ConvertOptions(
                    check_utf8=False,
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=[str(place) for place in self._places.values()],
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid:
            return None
        if table.num_rows != chunk.count(b"\n"):
            return None
        columns = {
            name: pa.concat_arrays(table.column(str(place)).chunks)
            for name, place in self._places.items()
        }
        return columns, {}, table.num_rows

    def _carefully(self, lines: "_Lines") -> tuple[Columns, Broken, int]:
        """The rows one by one, until one ends where a chunk does.

        What is no row costs its first line alone: a quote that is never closed takes no others
        with it.
        """
        reader = csv.reader(lines, strict=True)
        rows: list[list[str]] = []
        broken: Broken = {}
        while lines:
            lines.taken.clear()
            try:
                cells = next(reader, [])
            except csv.Error:
                cells = []
            if len(cells) == len(self._header):
                rows.append(cells)
            elif lines.taken:
                broken[len(rows) + len(broken)] = as_text(lines.taken[0])
                lines.again()
        columns = {
            name: [row[place] or None for row in rows] for name, place in self._places.items()
        }
        return columns, broken, len(rows) + len(broken)


class _Lines:
    """Lines as the text that ``csv`` reads; each byte that is not UTF-8 is a surrogate.

    Args:
        chunk: Lines.
        chunks: Further ones, for a row that goes on.

    Attributes:
        taken: Those of the row that is being read.
    """

    def __init__(self, chunk: bytes, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._lines = deque(_split(chunk))
        self.taken: list[bytes] = []

    def __bool__(self) -> bool:
        return bool(self._lines)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while not self._lines:
            self._lines.extend(_split(next(self._chunks)))
        line = self._lines.popleft()
        self.taken.append(line)
        return f"{line.decode(errors='surrogateescape')}\n"

    def again(self) -> None:
        """Read all lines of this row but the first once more."""
        self._lines.extendleft(reversed(self.taken[1:]))


def _split(chunk: bytes) -> list[bytes]:
    lines = (line.removesuffix(b"\r") for line in chunk.split(b"\n"))
    return [line for line in lines if line and not line.isspace()]
