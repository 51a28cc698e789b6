"""Series: what follows from the closed candles of a symbol and an interval, one after another.

A recurrence makes the values of a candle from the state that the candles before it left behind. Of
each series two states are held: that after all candles which nothing can correct any more, and that
after the newest. So a new candle costs one step; and where one of before is corrected, or comes
late, those after it follow anew from the first state.
"""

from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs.codes import distinct
from udfs.columns import array
from udfs.intervals import INTERVALS, SECOND_MS

KEY = np.dtype([("symbol", "i4"), ("interval", "i4"), ("start", "i8")])
"""What a series is of: the code of a symbol, and a place in INTERVALS; and when the window of its
newest candle began, ms since epoch."""
_START_BITS = 40


class Recurrence(Protocol):
    """Something that is computed along a series."""

    name: str
    """With all that its states depend on: a state under another name is none of its."""
    width: int
    """Doubles of a state. That of a series without candles is 0."""

    def advance(
        self, states: NDArray[np.float64], places: NDArray[np.int64], rows: NDArray[np.void]
    ) -> NDArray[np.float64]:
        """The values of candles, (n, values); where there is none yet, NaN.

        Args:
            states: (series, width), changed in place.
            places: (n,) which of them each candle belongs to.
            rows: (n,) of CANDLE, those of a series in the order of their windows.
        """
        ...


class Packed(msgspec.Struct, array_like=True):
    """Series as they are written down: the name of the recurrence, KEYs, and their states."""

    name: str = ""
    keys: bytes = b""
    states: bytes = b""


class Series:
    """The series of one shard.

    Args:
        recurrence: What is computed along them.
        intervals: (8,) whose candles it is computed of.
    """

    _size: int
    _keys: NDArray[np.void]
    _bases: NDArray[np.float64]
    _heads: NDArray[np.float64]
    _places: NDArray[np.int64]

    def __init__(self, recurrence: Recurrence, intervals: NDArray[np.bool_]) -> None:
        self._recurrence = recurrence
        self._intervals = intervals
        self._hold(np.zeros(0, KEY), np.zeros((0, recurrence.width)))

    def wanted(self, rows: NDArray[np.void]) -> NDArray[np.void]:
        """Those of some candles that it is computed of."""
        wanted: NDArray[np.void] = rows.compress(self._intervals[rows["interval"]])
        return wanted

    def close(self, rows: NDArray[np.void]) -> NDArray[np.float64]:
        """The values, (n, values), of candles that have just been closed.

        Args:
            rows: (n,) of CANDLE, of its intervals and in the order of their ends.
        """
        places = self._places_of(rows)
        return self._recurrence.advance(self._heads, places, rows)

    def again(self, rows: NDArray[np.void]) -> NDArray[np.float64]:
        """The values, (n, values), of all closed candles of some series, from the first on.

        Args:
            rows: (n,) of CANDLE, as for ``close``; all that were closed and have not expired.
        """
        places = self._places_of(rows)
        used, *_ = distinct(places)
        self._heads[used] = self._bases[used]
        return self._recurrence.advance(self._heads, places, rows)

    def expire(self, rows: NDArray[np.void]) -> None:
        """Takes it that nothing corrects these candles any more, which come as for ``close``."""
        rows = self.wanted(rows)
        places = self._places_of(rows)
        self._recurrence.advance(self._bases, places, rows)

    def symbols(self, since_ms: int) -> NDArray[np.int64]:
        """The symbols that had candles since then."""
        keys = self._keys[: self._size]
        return keys["symbol"][keys["start"] >= since_ms].astype(np.int64)

    def rename(self, codes: NDArray[np.int64]) -> None:
        """Gives each symbol the code at its place; forgets the series of those with -1."""
        keys = self._keys[: self._size]
        keys["symbol"] = codes[keys["symbol"]]
        kept = keys["symbol"] >= 0
        heads = self._heads[: self._size][kept]
        self._hold(keys.compress(kept), self._bases[: self._size][kept])
        self._heads[: len(heads)] = heads

    def pack(self) -> Packed:
        """All series, as the candles that have not expired do not tell of them."""
        states = self._bases[: self._size]
        return Packed(self._recurrence.name, self._keys[: self._size].tobytes(), states.tobytes())

    def load(self, packed: Packed) -> None:
        """Goes on from what ``pack`` gave, unless it is of another recurrence."""
        if packed.keys and packed.name == self._recurrence.name:
            self._hold(*_arrays(packed))

    def _places_of(self, rows: NDArray[np.void]) -> NDArray[np.int64]:
        """(n,) the places of candles' series; new ones get one."""
        symbols, intervals = rows["symbol"], rows["interval"]
        more = int(symbols.max(initial=-1)) + 1 - len(self._places)
        if more > 0:
            nothing = np.full((more, len(INTERVALS)), -1)
            self._places = np.concatenate([self._places, nothing])
        places: NDArray[np.int64] = self._places[symbols, intervals]
        if places.min(initial=0) < 0:
            new = np.unique(np.stack([symbols, intervals], axis=1)[places < 0], axis=0)
            keys = np.zeros(len(new), KEY)
            keys["symbol"], keys["interval"] = new.T
            self._add(keys)
            places = self._places[symbols, intervals]
        np.maximum.at(self._keys["start"], places, rows["start"])
        return places

    def _add(self, keys: NDArray[np.void]) -> None:
        size = self._size + keys.size
        if size > self._keys.size:
            room = max(size, 2 * self._size)
            self._keys = np.resize(self._keys, room)
            self._bases, self._heads = (
                np.concatenate(
                    [states[: self._size], np.zeros((room - self._size, states.shape[1]))]
                )
                for states in (self._bases, self._heads)
            )
        self._keys[self._size : size] = keys
        self._places[keys["symbol"], keys["interval"]] = np.arange(self._size, size)
        self._size = size

    def _hold(self, keys: NDArray[np.void], states: NDArray[np.float64]) -> None:
        self._size = keys.size
        self._keys, self._bases, self._heads = keys, states, states.copy()
        symbols = int(keys["symbol"].max(initial=-1)) + 1
        self._places = np.full((symbols, len(INTERVALS)), -1)
        self._places[keys["symbol"], keys["interval"]] = np.arange(keys.size)


def _arrays(packed: Packed) -> tuple[NDArray[np.void], NDArray[np.float64]]:
    """(n,) of KEY, and (n, width) their states."""
    keys = array(packed.keys, KEY)
    return keys, array(packed.states, np.dtype(float)).reshape(keys.size, -1)


def take(packed: Packed, codes: NDArray[np.int64]) -> Packed:
    """The series of some symbols, each of which gets the code at its place; others have -1."""
    if not packed.keys:
        return packed
    keys, states = _arrays(packed)
    keys["symbol"] = codes[keys["symbol"]]
    kept = keys["symbol"] >= 0
    return Packed(packed.name, keys.compress(kept).tobytes(), states[kept].tobytes())


def shifted(packed: Packed, by: int) -> Packed:
    """The same series, the codes of their symbols raised by so much."""
    keys = array(packed.keys, KEY)
    keys["symbol"] += by
    return Packed(packed.name, keys.tobytes(), packed.states)


def merged(parts: list[Packed]) -> list[Packed]:
    """All series, those of one name together."""
    whole: dict[str, Packed] = {}
    for part in parts:
        before = whole.get(part.name, Packed())
        whole[part.name] = Packed(part.name, before.keys + part.keys, before.states + part.states)
    return list(whole.values())


def changed(
    keys: NDArray[np.int64],
    values: NDArray[np.float64],
    keys_before: NDArray[np.int64],
    values_before: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """(n,) which candles have other values than before, or were not there.

    Args:
        keys: (n,) of candles.
        values: (n, values) of them.
        keys_before: (m,) of candles of before, these and others.
        values_before: (m, values) of them.
    """
    found = np.ones(keys.size, np.bool_)
    if not keys.size:
        return found
    order = np.argsort(keys)
    places = order.take(np.searchsorted(keys, keys_before, sorter=order), mode="clip")
    there = keys[places] == keys_before
    places, values_before = places[there], values_before[there]
    same = (values[places] == values_before) | np.isnan(values[places]) & np.isnan(values_before)
    found[places] = ~same.all(axis=1)
    return found


def keys_of(rows: NDArray[np.void]) -> NDArray[np.int64]:
    """(n,) a number for each symbol, interval and start."""
    series = rows["symbol"].astype(np.int64) * len(INTERVALS) + rows["interval"]
    keys: NDArray[np.int64] = series << _START_BITS | rows["start"] // SECOND_MS
    return keys
