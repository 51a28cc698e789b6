"""Sources: a topic and a partition as one number, so that one small column says where from."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

PARTITIONS_PER_TOPIC = 1 << 16
"""A source is its topic's number times this, plus the partition."""
ORDERS = 1 << 14
"""The number of the first topic of orders; those of trades are numbered from 0."""

Topics = Mapping[int, str]
"""The topics that are read, by their numbers."""


def numbered(trades: tuple[str, ...], orders: tuple[str, ...]) -> Topics:
    """The topics by their numbers, which they keep when more come after them."""
    return {**dict(enumerate(trades)), **dict(enumerate(orders, ORDERS))}


def named(source: int, topics: Topics) -> tuple[str, int]:
    """Topic and partition of a source."""
    topic, partition = divmod(source, PARTITIONS_PER_TOPIC)
    return topics[topic], partition


def are_orders(sources: NDArray[np.int32]) -> NDArray[np.bool_]:
    """(n,) which sources are partitions of topics of orders."""
    return sources >= ORDERS * PARTITIONS_PER_TOPIC
