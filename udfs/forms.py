"""Many JSON messages of one form at once, written by a kernel from columns.

A message of ten fields takes Python ten times as long as the kernel, and where the market is wild
or trades come late there are hundreds of thousands.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, get_type_hints

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.codes import distinct
from udfs.messages import Messages
from udfs.sources import Topics, named
from udfs.texts import Texts
from udfs.words import pointer
from udfs.writing import (
    MOST_BYTES,
    MOST_OF_CHARACTER,
    put_double,
    put_integer,
    put_null,
    put_rounded,
    put_string,
    put_text,
)

_TEXT, _INTEGER, _DOUBLE, _ROUNDED = range(4)


class Chosen(NamedTuple):
    """A column of few values: of each message a place among them."""

    values: Sequence[str | bool | None]
    places: NDArray[np.integer[Any]] | NDArray[np.bool_]
    """(n,)."""


def chosen(values: Sequence[str], codes: NDArray[np.integer[Any]]) -> Chosen:
    """The column with the value of each code, (n,), of perhaps many that none is of."""
    found, places, _ = distinct(codes)
    return Chosen([values[code] for code in found.tolist()], places)


def keyed(column: Chosen, values: Texts) -> Messages:
    """Messages, each with the text of a column as its key."""
    keys = Texts.of([str(value).encode() for value in column.values])
    return Messages(keys, column.places, values)


def place_of(rows: NDArray[np.void], topics: Topics) -> dict[str, Any]:
    """The columns topic, partition and offset of trades, (n,), or of what else has a source."""
    sources, places, _ = distinct(rows["source"])
    found = [named(source, topics) for source in sources.tolist()]
    return {
        "topic": Chosen([topic for topic, _ in found], places),
        "partition": np.array([partition for _, partition in found], np.int64)[places],
        "offset": rows["offset"],
    }


def taken(columns: Mapping[str, Any], wanted: NDArray[np.bool_]) -> dict[str, Any]:
    """The columns of those messages that are wanted, (n,)."""
    return {
        name: Chosen(column.values, column.places[wanted])
        if isinstance(column, Chosen)
        else column[wanted]
        if isinstance(column, np.ndarray)
        else column
        for name, column in columns.items()
    }


class Form:
    """What ``msgspec`` makes of structs of one type, byte for byte.

    Args:
        shape: The type. Its fields are texts, truth values, integers, doubles, and dicts of
            doubles; the doubles are null where they are NaN.
        rounded: Doubles that are written with ``writing.SIGNIFICANT`` digits, and so not the same.
        keys: Of each field that is a dict, its keys.
    """

    def __init__(
        self, shape: type[msgspec.Struct], rounded: Sequence[str] = (), **keys: Sequence[str]
    ) -> None:
        config, hints = shape.__struct_config__, get_type_hints(shape)
        self._tag = b""
        if config.tag_field:
            self._tag = b"%b:%b" % (_json(config.tag_field), _json(config.tag))
        self._fields = []
        """Of each its name, as it is and before its value, and the kind of its numbers."""
        for name in shape.__struct_fields__:
            kind = _INTEGER if hints[name] in (int, int | None) else _DOUBLE
            kind = _ROUNDED if name in rounded else kind
            self._fields.append((name, _json(name) + b":", kind))
        self._keys = {name: [_json(key) for key in own] for name, own in keys.items()}

    def of_symbols(
        self,
        symbols: Sequence[str],
        codes: NDArray[np.integer[Any]],
        times: NDArray[Any],
        now_ms: int | None,
        **columns: Any,
    ) -> Messages:
        """So many messages, n, keyed by their symbols and updated now.

        Args:
            symbols: By code.
            codes: (n,).
            times: (n,) when each is updated if now is None.
            now_ms: When.
            columns: As for ``write``, of the other fields.
        """
        own = chosen(symbols, codes)
        updated_at = times if now_ms is None else now_ms
        return keyed(own, self.write(codes.size, symbol=own, updated_at=updated_at, **columns))

    def write(self, size: int, **columns: Any) -> Texts:
        """What so many messages say, n.

        Args:
            size: n.
            columns: Of each field its values: a ``Chosen``; ``Texts``, n of them, of which an
                empty one is null; an array, (n,), of numbers, (n, keys) of a dict; or what all of
                them have. A field without any is left out, and so are columns of no field.
        """
        if not size:
            # As a kernel writes them: an array that must not be written to is of another type.
            return Texts(np.zeros(0, np.uint8), np.zeros(1, np.int64))
        plan = _Plan()
        plan.say(b"{" + self._tag)
        between = b"," if self._tag else b""
        for name, text, kind in self._fields:
            if name not in columns:
                continue
            column = columns[name]
            plan.say(between + text)
            between = b","
            if isinstance(column, Chosen):
                plan.put_text(column)
            elif isinstance(column, Texts):
                plan.put_own(column)
            elif not isinstance(column, np.ndarray):
                plan.say(_json(column))
            elif column.ndim == 1:
                plan.put_number(kind, column)
            else:
                plan.say(b"{")
                for place, (key, own) in enumerate(zip(self._keys[name], column.T, strict=True)):
                    plan.say(b"%b%b:" % (b"," if place else b"", key))
                    plan.put_number(kind, own)
                plan.say(b"}")
        plan.say(b"}")
        return plan.write(size)


class _Plan:
    """What each message consists of, in its order."""

    def __init__(self) -> None:
        self._said = b""
        """What comes next in all of them."""
        self._heads: list[bytes] = []
        self._steps: list[tuple[int, int]] = []
        """Of each value the kind, and the place of its column; before it comes its head."""
        self._integers: list[NDArray[np.int64]] = []
        self._doubles: list[NDArray[np.float64]] = []
        self._texts: list[bytes] = []
        self._longest = 0

    def say(self, text: bytes) -> None:
        """The same text in all messages."""
        self._said += text

    def put_text(self, column: Chosen) -> None:
        """One of some values in each."""
        self._put_texts([_json(value) for value in column.values], column.places.astype(np.int64))

    def put_own(self, column: Texts) -> None:
        """A text of its own in each; null where it is empty."""
        self._put_texts(list(_strings(column)), np.arange(len(column)))

    def put_number(self, kind: int, column: NDArray[Any]) -> None:
        """A number in each."""
        self._put(kind, column, self._integers if kind == _INTEGER else self._doubles)

    def _put_texts(self, texts: list[bytes], places: NDArray[np.int64]) -> None:
        self._put(_TEXT, places + len(self._texts), self._integers)
        self._texts += texts
        self._longest += max(map(len, texts), default=0)

    def _put(self, kind: int, column: NDArray[Any], columns: list[NDArray[Any]]) -> None:
        self._heads.append(self._said)
        self._said = b""
        self._steps.append((kind, len(columns)))
        columns.append(column)

    def write(self, size: int) -> Texts:
        """So many messages."""
        fixed = [*self._heads, self._said]
        for kind, column in self._steps:
            if kind == _TEXT:
                self._integers[column] += len(fixed)
        most = sum(map(len, fixed)) + self._longest + MOST_BYTES * len(self._steps)
        texts = Texts.of([*fixed, *self._texts])
        out, stops = np.empty(size * most, np.uint8), np.zeros(size + 1, np.int64)
        _write(
            np.array(self._steps, np.int64).reshape(-1, 2),
            _stacked(self._integers, size, np.int64),
            _stacked(self._doubles, size, np.float64),
            *(texts.data, texts.ends, out, stops),
        )
        return Texts(out, stops)


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)


def _strings(texts: Texts) -> Texts:
    """Each text as JSON has it; null where it is empty."""
    out = np.empty(int(texts.ends[-1]) * MOST_OF_CHARACTER + 4 * len(texts), np.uint8)
    stops = np.zeros(len(texts) + 1, np.int64)
    _write_strings(texts.data, texts.ends, out, stops)
    return Texts(out, stops)


def _stacked(columns: list[Any], size: int, kind: type) -> Any:
    """(columns, n)."""
    stacked: NDArray[Any] = np.empty((len(columns), size), kind)
    for place, column in enumerate(columns):
        stacked[place] = column
    return stacked


@njit(cache=True)
def _write(steps, integers, doubles, text, ends, out, stops):  # type: ignore[no-untyped-def]
    text, ends, out = pointer(text), pointer(ends), pointer(out)
    at = 0
    for i in range(stops.size - 1):
        for step in range(len(steps)):
            at = put_text(text, ends, step, out, at)
            kind, column = steps[step]
            if kind == _TEXT:
                at = put_text(text, ends, integers[column, i], out, at)
            elif kind == _INTEGER:
                at = put_integer(integers[column, i], out, at)
            elif kind == _DOUBLE:
                at = put_double(doubles[column, i], out, at)
            else:
                at = put_rounded(doubles[column, i], out, at)
        at = put_text(text, ends, len(steps), out, at)
        stops[i + 1] = at


@njit(cache=True)
def _write_strings(data, ends, out, stops):  # type: ignore[no-untyped-def]
    data, out = pointer(data), pointer(out)
    at = 0
    for i in range(stops.size - 1):
        if ends[i] < ends[i + 1]:
            at = put_string(data, ends[i], ends[i + 1], out, at)
        else:
            at = put_null(out, at)
        stops[i + 1] = at


def warm_up() -> None:
    """Compiles the kernel of strings, or loads it from numba's cache."""
    _strings(Texts(np.zeros(1, np.uint8), np.arange(2)))
