"""Columns of whatever as Python's own objects."""

import re
from typing import Any

import numpy as np
import pyarrow as pa

from api.gateway.parquet_rows import plain

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
Column = Any
"""A pyarrow array, a numpy array, or a list of whatever; None is a field that is missing."""


def listed(column: Column) -> list[Any]:
    """A column as Python's own objects; of text that is not UTF-8 each odd byte is a surrogate."""
    if isinstance(column, list):
        return column
    if isinstance(column, np.ndarray):
        values: list[Any] = column.tolist()
        return values
    column = plain(column)
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        column = column.cast(pa.large_string(), safe=False)
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if not (is_text or (pa.types.is_primitive(column.type) and not column.null_count)):
        values = column.to_pylist()
        return values
    try:
        values = column.to_numpy(zero_copy_only=False).tolist()  # many times faster than to_pylist
    except UnicodeDecodeError:
        values = [
            None if text is None else text.decode(errors="surrogateescape")
            for text in column.cast(pa.large_binary()).to_pylist()
        ]
    return values


def numbers_of(column: Column) -> list[Any]:
    """Numbers, of text too; what is none stays what it is."""
    if isinstance(column, pa.Array) and pa.types.is_string(column.type) and not column.null_count:
        try:
            numbers = column.cast(pa.float64()).to_numpy()
        except pa.ArrowInvalid:
            pass
        else:
            if np.isfinite(numbers).all():  # or it is a text that JSON has no number for
                found: list[Any] = numbers.tolist()
                return found
    values = listed(column)
    if not any(isinstance(value, str) for value in values):
        return values
    return [_number(value) if isinstance(value, str) else value for value in values]


def _number(text: str) -> float | str:
    return float(text) if _NUMBER.fullmatch(text) else text
