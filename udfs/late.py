"""Late trades: those that came when their candles were past correcting."""

from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs.frames import Frame, trade_ids
from udfs.scanner import BUY
from udfs.sources import named


class LateTrade(msgspec.Struct, frozen=True, gc=False):
    """A late trade as its topic has it."""

    symbol: str
    price: float
    quantity: float
    timestamp: int
    side: str
    trade_id: str | None
    exchange: str | None
    lateness: int
    """ms behind the watermark."""
    topic: str
    partition: int
    offset: int


_json = msgspec.json.Encoder()


def messages(
    frame: Frame, places: NDArray[np.intp], watermark_ms: int, topics: tuple[str, ...]
) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of the messages of the trades of a frame at these places."""
    ids = trade_ids(frame)
    for place in places.tolist():
        trade = frame.trades[place]
        symbol = frame.symbols[trade["symbol"]]
        late = LateTrade(
            symbol,
            float(trade["price"]),
            float(trade["quantity"]),
            int(trade["timestamp"]),
            "buy" if trade["side"] == BUY else "sell",
            ids[place],
            frame.exchanges[trade["exchange"]] if trade["exchange"] >= 0 else None,
            watermark_ms - int(trade["timestamp"]),
            *named(int(trade["source"]), topics),
            int(trade["offset"]),
        )
        yield symbol.encode(), _json.encode(late)
