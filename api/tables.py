"""Rows as tables: CSV, Arrow and Parquet."""

import types
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet

TIME = pa.timestamp("ms", tz="UTC")
TIMES = {
    *("start", "end", "timestamp", "updated_at"),
    *("windowStartTimestamp", "windowEndTimestamp"),
}
NUMBERS = pa.map_(pa.string(), pa.float64())


def table(kind: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> pa.Table:
    """The rows, all of one kind, with a column for each field.

    Times are ``timestamp[ms, UTC]``, counts ``int64``, all else that is a number ``float64``.
    """
    fields = msgspec.structs.fields(kind)
    # Column by column: rows as tuples would wake the cyclic collector.
    arrays = [
        pa.array(list(map(attrgetter(field.name), rows)), _type(field.encode_name, field.type))
        for field in fields
    ]
    return pa.table(arrays, [field.encode_name for field in fields])


def spread(rows: pa.Table, name: str) -> pa.Table:
    """The table with a column of numbers by name as one column for each name, in its place."""
    at = rows.schema.get_field_index(name)
    values = [dict(each or ()) for each in rows[name].to_pylist()]
    names = dict.fromkeys(key for each in values for key in each)
    rows = rows.remove_column(at)
    for place, key in enumerate(names, at):
        column = pa.array([each.get(key) for each in values], pa.float64())
        rows = rows.add_column(place, key, column)
    return rows


def csv(rows: pa.Table) -> bytes:
    """CSV with a line of names; times are ms since the epoch, numbers by name are JSON."""
    sink = pa.BufferOutputStream()
    for at, field in enumerate(rows.schema):
        if field.type == TIME:
            rows = rows.set_column(at, field.name, rows[at].cast(pa.int64()))
        elif field.type == NUMBERS:
            texts = [
                None if each is None else msgspec.json.encode(dict(each)).decode()
                for each in rows[at].to_pylist()
            ]
            rows = rows.set_column(at, field.name, pa.array(texts, pa.string()))
    pyarrow.csv.write_csv(rows, sink)
    return bytes(sink.getvalue())


def arrow(rows: pa.Table) -> bytes:
    """A stream of Arrow's IPC."""
    sink = pa.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return bytes(sink.getvalue())


def parquet(rows: pa.Table) -> bytes:
    """A file of Parquet."""
    sink = pa.BufferOutputStream()
    pyarrow.parquet.write_table(rows, sink)
    return bytes(sink.getvalue())


WRITERS: dict[str, Callable[[pa.Table], bytes]] = {"csv": csv, "arrow": arrow, "parquet": parquet}


def _type(name: str, kind: Any) -> pa.DataType:
    if get_origin(kind) in (Union, types.UnionType):
        (kind,) = (each for each in get_args(kind) if each is not type(None))
    if get_origin(kind) is dict:
        return NUMBERS
    if get_origin(kind) is Literal:
        return pa.string()
    if kind is int:
        return TIME if name in TIMES else pa.int64()
    return {float: pa.float64(), str: pa.string(), bool: pa.bool_()}[kind]
