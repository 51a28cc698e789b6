"""Columns of a file as the JSON of its trades."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import numpy as np

from api.gateway.trade import FIELDS
from scripts.files.cells import Column, listed, numbers_of
from scripts.files.names import columns_of
from scripts.files.rows import Batch, objects
from scripts.files.times import Unit, sure

SAMPLE_ROWS = 1_000
"""So many rows at the beginning of a file tell its unit of time."""

_TAKER: dict[Any, str] = {True: "sell", False: "buy"} | {
    text: side
    for side, texts in (
        ("sell", ("true", "True", "TRUE", "1")),
        ("buy", ("false", "False", "FALSE", "0")),
    )
    for text in texts
}
"""Who makes the market with a buy is taken by a sell."""


class _Row(msgspec.Struct, omit_defaults=True, gc=False):
    """A row that may be a trade or not; what is missing is left out."""

    symbol: Any = None
    price: Any = None
    quantity: Any = None
    timestamp: Any = None
    side: Any = None
    trade_id: Any = None
    exchange: Any = None


_encode = msgspec.json.Encoder(enc_hook=str).encode


class Layout:
    """How the columns of a file make trades.

    Args:
        names: Of the columns.
        where: What they are the columns of.
        latest_ms: The latest time that is not too far ahead.

    Raises:
        FileError: They are not those of trades.
    """

    def __init__(self, names: Iterable[str], where: str, latest_ms: int) -> None:
        self.columns = columns_of(names, where)
        self._latest_ms = latest_ms
        self.unit = Unit()

    def measure(self, sample: Mapping[str, Column]) -> None:
        """Find the unit of time by rows of the beginning."""
        self.unit = Unit.of(listed(sample[self.columns["timestamp"]]))

    def batch(self, columns: Mapping[str, Column]) -> Batch:
        """Make rows of columns of one length: each says in JSON what it says in the file."""
        given = {field: columns[column] for field, column in self.columns.items()}
        count = len(given["symbol"])
        fields: dict[str, list[Any]] = {
            field: listed(given[field]) if field in given else [None] * count for field in FIELDS
        } | {
            "price": numbers_of(given["price"]),
            "quantity": numbers_of(given["quantity"]),
            "timestamp": self.unit.column(given["timestamp"]),
        }
        if "is_buyer_maker" in given:
            fields["side"] = [_side(value) for value in listed(given["is_buyer_maker"])]
        rows = list(map(_Row, *(fields[field] for field in FIELDS)))
        apart = np.zeros(count, dtype=np.bool_)
        try:
            keys = [s.encode() if type(s) is str else b"" for s in fields["symbol"]]
            values = list(map(_encode, rows))
        except UnicodeEncodeError:
            apart[:] = True
            keys = [_bytes(s) if type(s) is str else b"" for s in fields["symbol"]]
            values = [_with_broken_text(row) for row in rows]
        times = sure(fields["timestamp"], self._latest_ms)
        return Batch(times, objects(keys), objects(values), apart)


def as_text(line: bytes) -> bytes:
    """JSON that says what a line is that cannot be read: a text."""
    return _bytes(json.dumps(line.decode(errors="surrogateescape"), ensure_ascii=False))


def _side(value: Any) -> Any:
    return _TAKER.get(value, value) if isinstance(value, int | str) else value


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _with_broken_text(row: _Row) -> bytes:
    """JSON with the bytes that are not UTF-8 as they are."""
    fields = {
        name: value for name, value in msgspec.structs.asdict(row).items() if value is not None
    }
    return _bytes(json.dumps(fields, ensure_ascii=False, default=str))
