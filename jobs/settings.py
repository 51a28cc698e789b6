"""Every setting of the jobs, typed, read once from the environment (``TAPELINE_...``)."""

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Topic = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]


class Settings(BaseSettings):
    """What a job may be told from outside.

    Every field is read from ``TAPELINE_`` plus its name in capitals; a wrong value stops the job
    before it is submitted, with pydantic's message naming the field.
    """

    model_config = SettingsConfigDict(env_prefix="TAPELINE_", frozen=True, extra="ignore")

    bootstrap_servers: str = Field("localhost:9092", description="Kafka brokers, host:port,...")
    group_id: str = Field("tapeline", description="Consumer group that offsets are committed under")
    trades_topics: Annotated[tuple[Topic, ...], NoDecode] = Field(
        ("trades",), min_length=1, description="Input topics, separated by commas"
    )
    candles_topic: Topic = Field("candles", description="Output: candles")
    late_trades_topic: Topic = Field(
        "late_trades", description="Output: trades behind the watermark"
    )
    dead_letters_topic: Topic = Field("dead_letters", description="Output: rejected records")
    start_from: str = Field(
        "group",
        pattern="^(group|earliest|latest)$",
        description="Where a job without state starts: the group's offsets (else earliest), "
        "earliest or latest",
    )
    stop_at: str = Field(
        "never",
        pattern="^(never|latest)$",
        description="Where the job ends: never, or at the newest record there is when it starts "
        "(a backfill: every window closes, and the job finishes)",
    )

    watermark_delay_ms: int = Field(
        2_000, ge=0, description="How far out of order trades may come and still be in time, ms"
    )
    idle_timeout_ms: int = Field(
        5_000,
        ge=0,
        description="Silence after which a partition holds nothing back, ms; 0 is never",
    )
    max_ahead_ms: int = Field(
        60_000, ge=0, description="How far a trade's time may be ahead of its Kafka record's, ms"
    )
    shards: int = Field(16, ge=1, le=4096, description="Groups that symbols are hashed into")
    forming_candles: bool = Field(True, description="Publish forming candles (1s, 10s, 1m) too")

    checkpoint_interval_ms: int = Field(10_000, ge=100, description="Time between checkpoints, ms")
    bundle_ms: int = Field(
        100, ge=1, description="Longest time a record waits for its batch to fill, ms"
    )
    batch_rows: int = Field(
        10_000,
        ge=1,
        description="Most Kafka records in one Arrow batch; best where a batch has 2 to 5 MB: "
        "400 for messages of 100 trades",
    )

    @field_validator("trades_topics", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(filter(None, value.split(","))) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _topics_differ(self) -> Self:
        topics = [
            *self.trades_topics,
            self.candles_topic,
            self.late_trades_topic,
            self.dead_letters_topic,
        ]
        if len(set(topics)) < len(topics):
            raise ValueError(f"every topic needs a name of its own, got {topics}")
        return self
