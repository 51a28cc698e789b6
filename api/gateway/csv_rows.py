"""The rows of CSV (RFC 4180), whose first row names the columns."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from api.gateway import reasons
from api.gateway.errors import BadBodyError
from api.gateway.lines import lines
from api.gateway.reasons import Fault
from api.gateway.trade import FIELDS, Trade, accepted, judge

REQUIRED = FIELDS[:5]
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,100}")
_BOM = "\ufeff"


class _Text:
    """Lines as the text that ``csv`` reads, noting what was wrong with those of a row."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._lines = lines(chunks)
        self.fault: Fault | None = None

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            if line is None:
                self.fault = reasons.TOO_LARGE
                yield "\n"
                continue
            try:
                text = line.decode()
            except UnicodeDecodeError:
                self.fault = reasons.INVALID_UTF8
                text = line.decode(errors="replace")
            yield f"{text}\n"


def csv_rows(chunks: Iterable[bytes], latest_ms: Callable[[], int]) -> Iterator[Trade | Fault]:
    """What each row under the header holds; blank lines are none.

    Columns may come in any order, and others than a trade's are ignored. An empty cell is a field
    that is missing. A row must have as many cells as the header.

    Args:
        chunks: The bytes, UTF-8, cut anywhere.
        latest_ms: The latest timestamp that is not too far ahead, now.

    Raises:
        BadBodyError: The header is not one of trades.
    """
    text = _Text(chunks)
    reader = csv.reader(text, strict=True)
    header = _header(reader, text)
    width = len(header)
    # A column that is not there stands after the last, where each row gets an empty cell.
    places = [header.index(field) if field in header else width for field in FIELDS]
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            cells = []
            text.fault = text.fault or Fault("malformed_row", f"no row of CSV: {error}")
        if text.fault is not None:
            fault, text.fault = text.fault, None
            yield fault
        elif len(cells) == width:
            cells.append("")
            yield _judge([cells[place] for place in places], latest_ms())
        elif cells:
            yield Fault(
                "malformed_row", f"expected {width} cells as in the header, got {len(cells)}"
            )


def _header(reader: Iterator[list[str]], text: _Text) -> list[str]:
    try:
        cells = next(reader, [])
    except csv.Error as error:
        raise BadBodyError(f"expected a header of CSV: {error}", FIELDS) from None
    if text.fault is not None:
        raise BadBodyError(f"expected a header of CSV: {text.fault.detail}", FIELDS)
    header = [cell.removeprefix(_BOM).strip() for cell in cells]
    missing = [field for field in REQUIRED if field not in header]
    if missing:
        raise BadBodyError(
            f"expected a header with {', '.join(missing)}, got {cells}"[:500], FIELDS
        )
    twice = [field for field in FIELDS if header.count(field) > 1]
    if twice:
        raise BadBodyError(f"expected each column once, got two of {', '.join(twice)}", FIELDS)
    return header


def _judge(cells: list[str], latest_ms: int) -> Trade | Fault:
    """Judge the cells of the fields of a trade, in their order."""
    symbol, price, quantity, timestamp, side, trade_id, exchange = cells
    if _NUMBER.fullmatch(price) and _NUMBER.fullmatch(quantity) and _INTEGER.fullmatch(timestamp):
        found = accepted(
            symbol,
            float(price),
            float(quantity),
            int(timestamp),
            side,
            trade_id or None,
            exchange or None,
            latest_ms,
        )
        if found is not None:
            return found
    trade: dict[str, Any] = {field: cell for field, cell in zip(FIELDS, cells, strict=True) if cell}
    for field in ("price", "quantity"):
        if field in trade and _NUMBER.fullmatch(trade[field]):
            trade[field] = float(trade[field])
    if "timestamp" in trade and _INTEGER.fullmatch(trade["timestamp"]):
        trade["timestamp"] = int(trade["timestamp"])
    return judge(trade, latest_ms)
