"""The query parameters of a stream."""

from pydantic import Field

from api.live.cursor import MAX_CURSOR
from api.live.socket import MAX_SNAPSHOT
from api.parameters import Parameters


class StreamParameters(Parameters):
    """What is to be told."""

    channels: str = Field(
        max_length=10_000,
        description="Channels, separated by commas: `candles.1m`, `finals.1m` (without forming "
        "ones), `indicators.1m`, `order_flow.1m` of every interval; `trends`, `anomalies`, "
        "`quality`, `book`, `alerts`",
        examples=["candles.1m,trends", "finals.1h"],
    )
    symbols: str = Field(
        "",
        max_length=16_000,
        description="Only these, separated by commas; all if empty",
        examples=["BTC/USD,ETH/USD"],
    )
    snapshot: int = Field(
        1,
        ge=0,
        le=MAX_SNAPSHOT,
        description="Rows of each series, the newest, that come first; fewer where that is much",
    )
    cursor: str = Field(
        "", max_length=MAX_CURSOR, description="The id of an event: go on after it, without rows"
    )
