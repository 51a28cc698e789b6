"""Texts as kernels read and write them: the bytes of all in a row, and where each of them ends."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, Self

import numpy as np
from numba import njit
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """n texts; iterating gives each of them."""

    data: NDArray[np.uint8]
    """All of them, end to end; there may be more behind the last."""
    ends: NDArray[np.int64]
    """(n + 1,) where each begins and the last ends; the first begins at 0."""

    @classmethod
    def of(cls, texts: Sequence[bytes]) -> Self:
        """These."""
        ends = np.array([*accumulate(map(len, texts), initial=0)], np.int64)
        return cls(np.frombuffer(b"".join(texts), np.uint8), ends)

    @property
    def whole(self) -> NDArray[np.uint8]:
        """The bytes of all, and none behind."""
        return self.data[: self.ends[-1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(n,)."""
        return np.diff(self.ends)

    def some(self, places: NDArray[np.integer[Any]]) -> Iterator[bytes]:
        """Those at these places, (m,)."""
        starts, ends = self.ends[places].tolist(), self.ends[places + 1].tolist()
        return (self.data[start:end].tobytes() for start, end in zip(starts, ends, strict=True))

    def __len__(self) -> int:
        return self.ends.size - 1

    def __iter__(self) -> Iterator[bytes]:
        places, written = self.ends.tolist(), self.whole.tobytes()
        return (written[start:stop] for start, stop in pairwise(places))


def together(parts: Iterable[Texts]) -> Texts:
    """Those of each, one after the other."""
    parts = list(parts)
    lengths = [np.zeros(1, np.int64), *(part.lengths for part in parts)]
    wholes = [np.zeros(0, np.uint8), *(part.whole for part in parts)]
    return Texts(np.concatenate(wholes), np.cumsum(np.concatenate(lengths)))


def in_turn(ones: Texts, others: Texts, is_other: NDArray[np.bool_]) -> Texts:
    """The next of one or of the others, as is said of each, (n,); none is left."""
    out = np.empty(ones.ends[-1] + others.ends[-1], np.uint8)
    ends = np.zeros(is_other.size + 1, np.int64)
    _take_turns(ones.data, ones.ends, others.data, others.ends, is_other, out, ends)
    return Texts(out, ends)


@njit(cache=True)
def _take_turns(ones, one_ends, others, other_ends, is_other, out, ends):  # type: ignore[no-untyped-def]
    i = j = 0
    for n in range(is_other.size):
        if is_other[n]:
            text = others[other_ends[j] : other_ends[j + 1]]
            j += 1
        else:
            text = ones[one_ends[i] : one_ends[i + 1]]
            i += 1
        ends[n + 1] = ends[n] + text.size
        out[ends[n] : ends[n + 1]] = text
