"""The record that producers of trades send."""

import msgspec


class Trade(msgspec.Struct):
    """One trade, with every field that Tapeline knows."""

    symbol: str
    price: float
    quantity: float
    timestamp: int  # ms since the epoch
    side: str  # of the taker: buy or sell
    trade_id: int
    exchange: str
