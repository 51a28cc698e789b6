"""The query parameters of the routes: what is valid, and what it means.

A parameter that is not listed is refused, so that a misspelt one is never silently ignored.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from api.formats import Format
from api.records import Interval
from api.webhooks.answer import Reason

MAX_ROWS = 50_000  # a month of minutes is 43,200 at most
MAX_PAIRS = 5_000
INTEGER = re.compile(r"-?[0-9]{1,18}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_time(value: object) -> int:
    """Read ms since the epoch, or RFC 3339 with its offset from UTC.

    Raises:
        ValueError: It is neither.
    """
    text = str(value)
    if INTEGER.fullmatch(text):
        return int(text)
    if text[-6:-5] == " ":  # "+02:00", where the plus was not encoded and came as a space
        text = f"{text[:-6]}+{text[-5:]}"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("expected ms since the epoch or RFC 3339") from None
    if moment.tzinfo is None:
        raise ValueError("expected an offset from UTC, such as Z, after the time")
    return round((moment - EPOCH).total_seconds() * 1_000)


Time = Annotated[
    int,
    BeforeValidator(parse_time),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer"}, {"type": "string", "format": "date-time"}],
        }
    ),
]
TIMES = ["1767225600000", "2026-01-01T00:00:00Z"]


class Parameters(BaseModel):
    """Parameters of a route; others are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


CURSOR = "the next of an answer to the same question"


class PageParameters(Parameters):
    """Which page of a list is asked for."""

    limit: int = Field(100, ge=1, le=1_000, description="Most rows; the newest are kept")
    cursor: str | None = Field(
        None,
        max_length=2_000,
        description="Goes on to what was before an answer",
        examples=[CURSOR],
    )


class SpanParameters(PageParameters):
    """Which time is asked for: of windows their start, of events their moment."""

    since: Time | None = Field(
        None, alias="from", description="First time, inclusive", examples=TIMES
    )
    until: Time | None = Field(None, alias="to", description="Last time, exclusive", examples=TIMES)
    limit: int = Field(500, ge=1, le=MAX_ROWS, description="Most rows; the newest are kept")

    @field_validator("until")
    @classmethod
    def _in_order(cls, until: int | None, info: ValidationInfo) -> int | None:
        since = info.data.get("since")
        if since is not None and until is not None and until < since:
            raise ValueError(f"expected a time not before from ({since})")
        return until


class HistoryParameters(SpanParameters):
    """Which time is asked for, and in what format."""

    format: Format | None = Field(
        None,
        description="What the rows are written as; by default what Accept likes best, or JSON",
        examples=list(get_args(Format)),
    )


class WindowParameters(HistoryParameters):
    """Which candles, or order flows, are asked for."""

    interval: Interval = Field("1m", description="Length of the windows")
    final: bool | None = Field(
        None,
        description="Only final and corrected ones (true), only forming ones (false)",
        examples=["true", "false"],
    )


class CandleParameters(WindowParameters):
    """Which candles are asked for, and what stands where nothing was traded."""

    fill: Literal["none", "null", "previous"] = Field(
        "none",
        description="What stands for an interval in which nothing was traded: nothing (none), a "
        "candle without prices (null), or one at the close before it (previous)",
    )


class IndicatorParameters(HistoryParameters):
    """Which indicators are asked for."""

    interval: Interval = Field("1m", description="Length of the candles' windows")
    names: str = Field(
        "",
        max_length=1_000,
        description="Only these, separated by commas: a whole name, or how it begins; all if empty",
        examples=["sma_20,macd", "vwap"],
    )


class AnomalyParameters(HistoryParameters):
    """Which anomalies are asked for."""

    kind: Literal["price", "quantity", "return", "volume", "model"] | None = Field(
        None,
        description="Only those of this kind",
        examples=["price", "quantity", "return", "volume", "model"],
    )
    severity: Literal["minor", "major", "critical"] | None = Field(
        None, description="Only those that are so severe", examples=["minor", "major", "critical"]
    )


class CorrelationParameters(Parameters):
    """Which correlations are asked for."""

    symbols: str = Field(
        "",
        max_length=10_000,
        description="Only pairs among these, separated by commas; of one, all its pairs",
        examples=["BTC/USD", "BTC/USD,ETH/USD,SOL/USD"],
    )
    least: float = Field(
        0, ge=0, le=1, description="How strong a correlation must be, in either direction"
    )
    limit: int = Field(500, ge=1, le=MAX_PAIRS, description="Most pairs; the strongest are kept")


class QualityParameters(SpanParameters):
    """Which quality events are asked for."""

    kind: Literal["gap", "fat_finger"] | None = Field(
        None, description="Only those of this kind", examples=["gap", "fat_finger"]
    )


class OutageParameters(SpanParameters):
    """Which outages are asked for."""

    topic: str | None = Field(None, description="Only those of this input topic")


class AlertParameters(SpanParameters):
    """Which alerts are asked for."""

    symbol: str | None = Field(None, description="Only those of this symbol")
    rule: str | None = Field(None, description="Only those of this rule, by its name")
    kind: str | None = Field(
        None,
        description="Only those of rules of this kind",
        examples=["price", "fat_finger", "gap", "swing", "rsi_14"],
    )


class UndeliveredParameters(PageParameters):
    """Which undelivered alerts are asked for."""

    target: str | None = Field(None, description="Only those of this webhook, by its name")
    reason: Reason | None = Field(
        None, description="Only those with this reason", examples=list(get_args(Reason))
    )


class SymbolParameters(Parameters):
    """Which symbols are asked for."""

    contains: str = Field("", max_length=100, description="Part of the symbol, in any case")
    limit: int = Field(20_000, ge=1, le=20_000, description="Most symbols")


class DeadLetterParameters(PageParameters):
    """Which dead letters are asked for."""

    reason: str | None = Field(None, description="Only those with this reason")
    topic: str | None = Field(None, description="Only those of this input topic")


class LedgerParameters(Parameters):
    """How much of the ledger is asked for."""

    limit: int = Field(
        100, ge=1, le=1_000, description="Most symbols; those with most duplicates are kept"
    )
