"""Event times in ms, from whatever a column says them in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import numpy as np
import pyarrow as pa

from api.gateway.trade import OLDEST_MS
from scripts.files.cells import listed
from scripts.files.rows import NO_TIME, Ints

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}\.[0-9]*")
_TYPES = (pa.timestamp("ns", "UTC"), pa.timestamp("ns"))
"""Texts with their zone, and those without, which are UTC."""


@dataclass(frozen=True)
class Unit:
    """What a number counts since the epoch.

    Attributes:
        per_ms: Of these in a millisecond, where they are shorter.
        ms: Milliseconds in one, where they are longer.
    """

    per_ms: int = 1
    ms: int = 1

    @classmethod
    def of(cls, sample: Iterable[Any]) -> Self:
        """The unit in which most of the sample's numbers are a time of our days.

        A file has one unit: what is in another one is a mistake of its row.
        """
        numbers = [n for n in (_number(value) for value in sample) if n is not None]
        middle = float(np.median(np.abs(numbers))) if numbers else 1e12
        if middle < 1e11:
            return cls(ms=1_000)
        return cls(per_ms=1 if middle < 1e14 else 1_000 if middle < 1e17 else 1_000_000)

    def in_ms(self, value: Any) -> int | None:
        """A time in ms; None if it is none."""
        if isinstance(value, str):
            if _INTEGER.fullmatch(value):
                value = int(value)
            elif _NUMBER.fullmatch(value):
                value = float(value)
            else:
                return _moment(value)
        if isinstance(value, datetime):
            return _since_epoch(value)
        if isinstance(value, float):
            # Seconds have fractions; of what is shorter a fraction is a mistake.
            is_time = abs(value) < 2**63 and (self.ms > 1 or value.is_integer())
            return round(value * self.ms / self.per_ms) if is_time else None
        if isinstance(value, int) and not isinstance(value, bool):
            return value * self.ms // self.per_ms
        return None

    def column(self, values: Any) -> list[Any]:
        """The times of a column in ms; what is no time stays what it is.

        Args:
            values: A pyarrow array, a numpy array of int64, or a list of whatever.
        """
        found = _whole(values)
        if found is not None:
            is_ns, numbers = found
            per_ms, ms = (1_000_000, 1) if is_ns else (self.per_ms, self.ms)
            if not numbers.size or np.abs(numbers).max() < 2**63 // ms:
                times: list[Any] = (numbers * ms // per_ms).tolist()
                return times
        cells = listed(values)
        found_ms = [self.in_ms(each) for each in cells]
        return [each if ms is None else ms for each, ms in zip(cells, found_ms, strict=True)]


def sure(values: list[Any], latest_ms: int) -> Ints:
    """The event times that rows are ordered by.

    Args:
        values: What stands in their field.
        latest_ms: The latest time that is not too far ahead.

    Returns:
        (n,) int64, ms; ``NO_TIME`` where it is no time since the year 2000.
    """
    try:
        times = np.array(values, dtype=np.int64)
        if any(type(value) is not int for value in values):
            raise TypeError
    except (TypeError, ValueError, OverflowError):
        times = np.array(
            [v if type(v) is int and abs(v) < 2**63 else NO_TIME for v in values], dtype=np.int64
        )
    times[(times < OLDEST_MS) | (times > latest_ms)] = NO_TIME
    return times


def _whole(values: Any) -> tuple[bool, Ints] | None:
    """A column of times alone, if it is one: whether they are ns, and the numbers."""
    if isinstance(values, np.ndarray):
        return False, values
    if not isinstance(values, pa.Array) or values.null_count:
        return None
    if pa.types.is_string(values.type):
        values = _parsed(values)
    if values is None:
        return None
    if pa.types.is_integer(values.type):
        try:
            return False, values.cast(pa.int64()).to_numpy()
        except pa.ArrowInvalid:  # over 63 bits
            return None
    if pa.types.is_timestamp(values.type):
        try:
            return True, values.cast(pa.timestamp("ns")).cast(pa.int64()).to_numpy()
        except pa.ArrowInvalid:  # out of the 584 years that ns reach
            return None
    return None


def _parsed(texts: pa.Array) -> pa.Array | None:
    for type_ in (pa.int64(), *_TYPES):
        try:
            return texts.cast(type_)
        except pa.ArrowInvalid:
            continue
    return None


def _moment(text: str) -> int | None:
    try:
        return _since_epoch(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _since_epoch(time: datetime) -> int:
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return (time - _EPOCH) // timedelta(milliseconds=1)


def _number(value: Any) -> float | None:
    if isinstance(value, str) and (_INTEGER.fullmatch(value) or _NUMBER.fullmatch(value)):
        return float(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1e300 else None
