"""Where records go by their keys."""

from collections.abc import Iterable

import numpy as np
from kafka.partitioner.default import murmur2

from scripts.generate.market import Ints


def partitions_of(symbols: Iterable[str], partitions: int) -> Ints:
    """The partition of each symbol among so many, as Kafka's producers choose it."""
    return np.array([(murmur2(each.encode()) & 0x7FFFFFFF) % partitions for each in symbols])
