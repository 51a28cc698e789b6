"""Every setting of a local Tapeline, typed, read once from the environment (``TAPELINE_...``)."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from scripts.stack.paths import FLINK_CONF, ROOT

Port = Annotated[int, Field(ge=1, le=65_535)]
Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().resolve())]
File = Annotated[Folder | None, BeforeValidator(lambda text: text or None)]
"""Set to nothing, there is none."""


class StackSettings(BaseSettings):
    """What ``scripts/start.sh`` may be told from outside.

    Every field is read from ``TAPELINE_`` plus its name in capitals. The job and the service have
    settings of their own; those that stand in the environment are handed on to them.
    """

    model_config = SettingsConfigDict(env_prefix="TAPELINE_", frozen=True, extra="ignore")

    home: Folder = Field(
        ROOT / ".tapeline", description="Runtime folder: data, checkpoints, logs, records"
    )
    kafka_port: Port = Field(9092, description="Port of the Kafka broker")
    flink_port: Port = Field(8081, description="Port of Flink's web UI and REST API")
    flink_metrics_port: Port | None = Field(
        None, description="Port where the JobManager serves Prometheus, the TaskManager on the next"
    )
    api_port: Port = Field(8000, description="Port of the service and the dashboard")

    parallelism: int = Field(2, ge=1, description="Subtasks of each of the job's operators")
    partitions: int = Field(4, ge=1, description="Partitions of a topic when it is created")
    flink_memory: str = Field("4g", description="What the TaskManager's JVM may take")
    trades_retention_bytes: int = Field(
        -1, ge=-1, description="Bytes of a partition of trades to keep; -1 is all, for replays"
    )
    output_retention_bytes: int = Field(
        1 << 30, ge=-1, description="Bytes of a partition of an output topic to keep; -1 is all"
    )
    generator_rate: float = Field(2_000, gt=0, description="Made-up trades per second")
    alerts_file: File = Field(
        FLINK_CONF / "alerts.yaml",
        description="YAML file with the rules of alerts; set to nothing, there are none",
    )

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        ports = [self.kafka_port, self.flink_port, self.api_port]
        if self.flink_metrics_port is not None:
            ports += [self.flink_metrics_port, self.flink_metrics_port + 1]
        if len(set(ports)) < len(ports):
            raise ValueError(f"every component needs a port of its own, got {ports}")
        return self
