"""Every setting of the service, typed, read once from the environment (``TAPELINE_...``)."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from api.records import INTERVALS
from api.security.settings import SecuritySettings

LEAST_SECRET = 16  # characters; what is shorter can be guessed

Topic = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]


class Settings(SecuritySettings):
    """What the service may be told from outside.

    Every field is read from ``TAPELINE_`` plus its name in capitals; a wrong value stops the
    service before it listens, with pydantic's message naming the field, without what it was: a
    secret is among them.
    """

    model_config = SettingsConfigDict(
        env_prefix="TAPELINE_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    bootstrap_servers: str = Field("localhost:9092", description="Kafka brokers, host:port,...")
    candles_topic: Topic = Field("candles", description="Input: candles")
    dead_letters_topic: Topic = Field("dead_letters", description="Input: rejected records")
    late_trades_topic: Topic = Field(
        "late_trades", description="Input: trades too late to correct their candles"
    )
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
    alerts_topic: Topic = Field("alerts", description="Input: alerts")
    undelivered_alerts_topic: Topic = Field(
        "undelivered_alerts", description="Output and input: alerts that webhooks were not given"
    )

    trades_topics: Annotated[tuple[Topic, ...], NoDecode] = Field(
        ("trades",), min_length=1, description="Output: uploaded trades go to the first"
    )
    events_topic: Topic = Field("events", description="Output and input: events of hooks")

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
        500,
        ge=1,
        description="Anomalies, quality events and late trades kept of one symbol, the newest",
    )
    max_total_events: int = Field(
        200_000,
        ge=1,
        description="Anomalies, quality events and late trades kept in all, about 0.6 kB each",
    )
    max_alerts: int = Field(
        10_000, ge=1, description="Alerts, and undelivered ones, kept, the newest, 2 kB each"
    )
    max_dead_letters: int = Field(10_000, ge=1, description="Dead letters kept, the newest")
    max_replay: int = Field(
        5_000_000, ge=1, description="Messages of one topic, the newest, that are read at start"
    )
    stale_after_ms: int = Field(
        30_000, ge=0, description="Age of the newest candle's update from which the service is not "
        "ready, ms; 0 is never",
    )  # fmt: skip

    stream_max_clients: int = Field(2_000, ge=0, description="Streams at once, of all clients")
    stream_max_per_address: int = Field(
        100, ge=0, description="Streams at once of clients with the same address"
    )
    stream_max_symbols: int = Field(1_000, ge=1, description="Symbols that one stream may name")
    stream_snapshot_rows: int = Field(
        50_000, ge=1, description="Rows in one snapshot, about; one of each series always"
    )
    stream_log_updates: int = Field(
        100_000, ge=1, description="Updates kept for clients that come back with a cursor"
    )
    stream_log_bytes: int = Field(
        67_108_864, ge=1, description="Bytes of memory that these may take, about"
    )
    stream_queue_messages: int = Field(
        256, ge=1, description="Messages that may wait for a client before it is cut off"
    )
    stream_queue_bytes: int = Field(
        4_194_304, ge=1, description="Bytes that may wait for a client before it is cut off"
    )
    stream_heartbeat_ms: int = Field(
        10_000, ge=1, description="Silence of a stream after which there is a heartbeat, ms"
    )
    stream_stall_ms: int = Field(
        15_000, ge=1, description="How long a client may read nothing of what waits for it, ms"
    )

    alerts_file: str = Field("", description="File of alert rules and webhooks; none if empty")
    group_id: str = Field(
        "tapeline", description="What the names of the webhooks' consumer groups begin with"
    )
    webhook_secrets: SecretStr = Field(
        SecretStr(""),
        description="What requests to webhooks are signed with, name=secret,...; no commas inside",
    )
    webhook_allow_private: bool = Field(
        False,
        description="Whether webhooks may be at addresses that are not public, and use http://",
    )
    webhook_timeout_ms: int = Field(
        5_000,
        ge=1,
        description="The longest wait to connect to a webhook, and then for its answer, ms",
    )
    webhook_attempts: int = Field(
        5, ge=1, le=100, description="The most requests for one alert until it is given up"
    )
    webhook_backoff_ms: int = Field(
        1_000,
        ge=0,
        description="The longest wait after a first failed request, ms; doubles with each further",
    )
    webhook_max_backoff_ms: int = Field(
        60_000, ge=0, description="The longest wait between two requests for one alert, ms"
    )
    webhook_max_age_ms: int = Field(
        3_600_000,
        ge=1,
        description="Age from which an alert is not sent any more, ms; a new webhook begins with "
        "alerts so old",
    )
    webhook_breaker_failures: int = Field(
        5, ge=1, description="Alerts given up in a row after which nothing is sent for a while"
    )
    webhook_breaker_ms: int = Field(
        30_000,
        ge=1,
        description="How long nothing is sent then, ms; doubles while what is tried next fails too",
    )
    webhook_max_breaker_ms: int = Field(
        600_000, ge=1, description="The longest that nothing is sent, ms"
    )

    max_uploads: int = Field(4, ge=1, le=64, description="Uploads at once; more are refused (429)")
    max_jobs: int = Field(100, ge=1, description="Jobs of uploads kept, the newest")
    publish_timeout_ms: int = Field(
        60_000,
        ge=1,
        description="How long uploads and hooks wait for the broker until they fail, ms",
    )
    max_ahead_ms: int = Field(
        60_000,
        ge=0,
        description="How far the time of an uploaded trade may be ahead of the clock, ms",
    )
    github_secret: SecretStr = Field(
        SecretStr(""), description="What GitHub signs its hooks with; without it they are off"
    )
    hook_max_bytes: int = Field(1_000_000, ge=1, description="Bytes of a hook's body at most")
    max_github_events: int = Field(
        10_000, ge=1, description="Events of hooks kept, the newest, about 0.5 kB each"
    )
    gateway_symbols: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Symbols that uploads may have, as shell patterns; all if there are none"
    )
    gateway_kinds: Annotated[tuple[str, ...], NoDecode] = Field(
        ("*",),
        description="What the gateway lets through: trades, and names of GitHub's events, or *",
    )

    @property
    def secrets(self) -> dict[str, SecretStr]:
        """The secret of each webhook, by its name."""
        return _secrets(self.webhook_secrets)

    @field_validator("trades_topics", "gateway_symbols", "gateway_kinds", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("github_secret")
    @classmethod
    def _is_long_enough(cls, secret: SecretStr) -> SecretStr:
        if 0 < len(secret.get_secret_value()) < LEAST_SECRET:
            raise ValueError(f"expected a secret of at least {LEAST_SECRET} characters")
        return secret

    @field_validator("webhook_secrets")
    @classmethod
    def _are_secrets(cls, text: SecretStr) -> SecretStr:
        _secrets(text)
        return text

    @model_validator(mode="after")
    def _topics_differ(self) -> Self:
        topics = [
            *(self.candles_topic, self.dead_letters_topic, self.ledger_topic),
            *(self.order_flow_topic, self.book_topic, self.indicators_topic, self.trends_topic),
            *(self.anomalies_topic, self.quality_topic, self.correlations_topic),
            *(self.alerts_topic, self.undelivered_alerts_topic, self.late_trades_topic),
            *(self.events_topic, *self.trades_topics),
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


def _secrets(text: SecretStr) -> dict[str, SecretStr]:
    """What ``name=secret,...`` says.

    Raises:
        ValueError: It says nothing; the message has none of it but names.
    """
    found: dict[str, SecretStr] = {}
    for number, pair in enumerate(filter(None, text.get_secret_value().split(",")), 1):
        name, is_there, secret = pair.partition("=")
        # Without its equals sign, or with a comma inside, the name may be a secret.
        if not is_there or not re.fullmatch(r"[a-z0-9-]{1,40}", name):
            raise ValueError(f"expected name=secret,..., number {number} is not so")
        if name in found:
            raise ValueError(f"expected one secret of each webhook, got two of {name!r}")
        if len(secret) < LEAST_SECRET:
            raise ValueError(
                f"expected a secret of at least {LEAST_SECRET} characters, that of {name!r} "
                f"has {len(secret)}"
            )
        found[name] = SecretStr(secret)
    return found
