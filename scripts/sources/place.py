"""Where a source sends to."""

from dataclasses import dataclass

from jobs.settings import Settings
from scripts.sources.errors import BadInputError


@dataclass(frozen=True)
class Place:
    """A topic.

    Attributes:
        bootstrap_servers: Kafka brokers, host:port,...
        topic: Made if it does not exist.
        partitions: Of it then.
        compression: Of batches; None is none.
    """

    bootstrap_servers: str
    topic: str
    partitions: int = 3
    compression: str | None = "zstd"

    @classmethod
    def chosen(
        cls,
        bootstrap_servers: str | None,
        topic: str | None,
        partitions: int,
        compression: str,
        *,
        orders: bool = False,
    ) -> "Place":
        """The place that options name; where they say nothing, the job's first input.

        Raises:
            ValidationError: The settings are wrong.
            BadInputError: No topic is named.
        """
        job = Settings()
        topics = job.orders_topics if orders else job.trades_topics
        if not (topic or topics):
            raise BadInputError("the settings name no such topic: give --topic")
        return cls(
            bootstrap_servers or job.bootstrap_servers,
            topic or topics[0],
            partitions,
            None if compression == "none" else compression,
        )
