"""Every setting of the service, typed, read once from the environment (``TAPELINE_...``)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.records import INTERVALS

Topic = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]


class Settings(BaseSettings):
    """What the service may be told from outside.

    Every field is read from ``TAPELINE_`` plus its name in capitals; a wrong value stops the
    service before it listens, with pydantic's message naming the field.
    """

    model_config = SettingsConfigDict(env_prefix="TAPELINE_", frozen=True, extra="ignore")

    bootstrap_servers: str = Field("localhost:9092", description="Kafka brokers, host:port,...")
    candles_topic: Topic = Field("candles", description="Input: candles")
    dead_letters_topic: Topic = Field("dead_letters", description="Input: rejected records")
    ledger_topic: Topic = Field("ledger", description="Input: where every record went")
    order_flow_topic: Topic = Field("order_flow", description="Input: order flow")
    book_topic: Topic = Field("book", description="Input: books of open orders")
    indicators_topic: Topic = Field("indicators", description="Input: indicators of candles")
    anomalies_topic: Topic = Field(
        "anomalies", description="Input: trades and candles far from others"
    )
    quality_topic: Topic = Field("quality", description="Input: gaps, odd prices and totals")
    correlations_topic: Topic = Field("correlations", description="Input: correlations of pairs")
    trends_topic: Topic = Field("analyzed_market_trends", description="Input: trends of a minute")

    api_host: str = Field("127.0.0.1", description="Address the service listens on")
    api_port: int = Field(8000, ge=0, le=65_535, description="Port it listens on; 0 is any")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log message that is written"
    )

    max_candles: int = Field(
        2_000,
        ge=1,
        description="Candles, and as many of all else that has windows, kept of one symbol and "
        "interval",
    )
    max_symbols: int = Field(20_000, ge=1, description="Symbols kept, those last updated")
    max_total_candles: int = Field(
        2_000_000, ge=1, description="Candles kept in all, about 0.6 kB of memory each"
    )
    max_total_flows: int = Field(
        500_000, ge=1, description="Order flows kept in all, about 0.8 kB of memory each"
    )
    max_total_indicators: int = Field(
        200_000, ge=1, description="Indicators of a candle kept in all, about 2 kB of memory each"
    )
    max_total_trends: int = Field(
        200_000, ge=1, description="Trends kept in all, about 0.5 kB of memory each"
    )
    max_events: int = Field(
        500, ge=1, description="Anomalies, and quality events, kept of one symbol, the newest"
    )
    max_total_events: int = Field(
        200_000, ge=1, description="Anomalies, and quality events, kept in all, about 0.6 kB each"
    )
    max_dead_letters: int = Field(10_000, ge=1, description="Dead letters kept, the newest")
    max_replay: int = Field(
        5_000_000, ge=1, description="Messages of one topic, the newest, that are read at start"
    )
    stale_after_ms: int = Field(
        30_000, ge=0, description="Age of the newest candle's update from which the service is not "
        "ready, ms; 0 is never",
    )  # fmt: skip

    @model_validator(mode="after")
    def _topics_differ(self) -> Self:
        topics = [
            *(self.candles_topic, self.dead_letters_topic, self.ledger_topic),
            *(self.order_flow_topic, self.book_topic, self.indicators_topic, self.trends_topic),
            *(self.anomalies_topic, self.quality_topic, self.correlations_topic),
        ]
        if len(set(topics)) < len(topics):
            raise ValueError(f"every topic needs a name of its own, got {topics}")
        return self

    @model_validator(mode="after")
    def _every_series_fits(self) -> Self:
        kinds = ("candles", "flows", "indicators", "trends")
        for name in [f"max_total_{kind}" for kind in kinds]:
            most = getattr(self, name)
            if most < len(INTERVALS) * self.max_symbols:
                raise ValueError(
                    f"{name} must hold one of each of the {len(INTERVALS)} intervals of "
                    f"max_symbols, got {most} for {self.max_symbols} symbols"
                )
        return self
