"""Late trades: those whose second was closed before they came."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs.candles import SECOND_MS
from udfs.dead_letters import PARTITIONS_PER_TOPIC
from udfs.frames import Frame, take, trade_ids
from udfs.scanner import BUY

COLUMNS = (
    "symbol",
    "price",
    "quantity",
    "timestamp",
    "side",
    "trade_id",
    "exchange",
    "lateness",
    "topic_index",
    "partition",
    "offset",
)


def split(frame: Frame, watermark_ms: int) -> tuple[Frame, NDArray[np.intp] | None]:
    """The trades in time, and the places of the late ones (None where there are none).

    A second is closed once the watermark has reached its last millisecond.
    """
    first_open = (watermark_ms + 1) // SECOND_MS * SECOND_MS
    late = frame.trades["timestamp"] < first_open
    if not late.any():
        return frame, None
    return take(frame, ~late), np.flatnonzero(late)


def rows(frame: Frame, places: NDArray[np.intp], watermark_ms: int) -> Iterator[tuple[Any, ...]]:
    """The rows of ``late_trades`` for the trades of a frame at these places: see COLUMNS."""
    ids = trade_ids(frame)
    for place in places.tolist():
        trade = frame.trades[place]
        topic, partition = divmod(int(trade["source"]), PARTITIONS_PER_TOPIC)
        yield (
            frame.symbols[trade["symbol"]],
            float(trade["price"]),
            float(trade["quantity"]),
            int(trade["timestamp"]),
            "buy" if trade["side"] == BUY else "sell",
            ids[place],
            frame.exchanges[trade["exchange"]] if trade["exchange"] >= 0 else None,
            watermark_ms - int(trade["timestamp"]),
            topic,
            partition,
            int(trade["offset"]),
        )
