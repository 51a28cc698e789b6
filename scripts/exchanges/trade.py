"""A trade of an exchange, as the pipeline takes it."""

import math
from typing import Annotated, Literal

import msgspec

from scripts.sources.record import Record

Side = Literal["buy", "sell"]
Whole = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""An id or a time, as Kafka and JSON can hold it."""
_encoder = msgspec.json.Encoder()


class Trade(msgspec.Struct, frozen=True, gc=False):
    """One trade, in the form of the contract.

    Attributes:
        symbol: The exchange's own name of the instrument.
        price: Of one unit.
        quantity: Units that changed hands.
        timestamp: When they did, ms since the epoch.
        side: Of the taker.
        trade_id: The exchange's number of it; the next trade of the symbol has the next number.
        exchange: Where it was made.
    """

    symbol: str
    price: float
    quantity: float
    timestamp: int
    side: Side
    trade_id: int
    exchange: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.price) and math.isfinite(self.quantity)):
            raise ValueError(f"a price of {self.price}, a quantity of {self.quantity}")
        if self.timestamp < 0:
            raise ValueError("a time before 1970")

    def record(self) -> Record:
        """What is sent to Kafka: JSON, by symbol, at the time of the trade."""
        return Record(self.symbol.encode(), _encoder.encode(self), self.timestamp)
