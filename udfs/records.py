"""Trades as the records that they were: the fields by their names."""

from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs.frames import Frame, trade_ids
from udfs.scanner import BUY


class Trade(msgspec.Struct, frozen=True, gc=False):
    """A trade as it came."""

    symbol: str
    price: float
    quantity: float
    timestamp: int
    side: str
    trade_id: str | None
    exchange: str | None


def fields(
    frame: Frame, places: NDArray[np.intp]
) -> Iterator[tuple[str, float, float, int, str, str | None, str | None]]:
    """The fields of a ``Trade`` for each of the trades of a frame at these places."""
    ids = trade_ids(frame)
    for place in places.tolist():
        trade = frame.trades[place]
        yield (
            frame.symbols[trade["symbol"]],
            float(trade["price"]),
            float(trade["quantity"]),
            int(trade["timestamp"]),
            "buy" if trade["side"] == BUY else "sell",
            ids[place],
            frame.exchanges[trade["exchange"]] if trade["exchange"] >= 0 else None,
        )
