"""Outages as numpy has them, and as they were published, to be compared."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def silences(
    sources: NDArray[np.int32], times: NDArray[np.int64], lengths: tuple[int, ...]
) -> list[tuple[int, int, int, int]]:
    """Partition, start, end and threshold of each, by the end."""
    found = []
    for source in np.unique(sources).tolist():
        own = np.sort(times[sources == source])
        for start, end in zip(own[:-1].tolist(), own[1:].tolist(), strict=True):
            if end - start >= lengths[0]:
                threshold = max(each for each in lengths if each <= end - start)
                found.append((source, start, end, threshold))
    return sorted(found)


def told(found: list[dict[str, Any]]) -> list[tuple[int, int, int, int]]:
    return sorted((m["partition"], m["start"], m["end"], m["threshold"]) for m in found)
