"""Trades as the records that they were: the fields by their names."""

from collections.abc import Iterator

import msgspec

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
    frame: Frame,
) -> Iterator[tuple[str, float, float, int, str, str | None, str | None]]:
    """The fields of a ``Trade`` for each of the trades of a frame."""
    names = ("symbol", "price", "quantity", "timestamp", "side", "exchange")
    columns = [frame.trades[name].tolist() for name in names]
    for symbol, price, quantity, timestamp, side, exchange, trade_id in zip(
        *columns, trade_ids(frame), strict=True
    ):
        yield (
            frame.symbols[symbol],
            price,
            quantity,
            timestamp,
            "buy" if side == BUY else "sell",
            trade_id,
            frame.exchanges[exchange] if exchange >= 0 else None,
        )
