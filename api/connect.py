"""Connections to Kafka, made so that an attempt that fails leaves nothing behind."""

from collections.abc import Callable
from typing import Any, TypeVar

from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

ANSWER_MS = 2_000  # the longest wait for an answer of the broker

T = TypeVar("T")


def connect(kind: Callable[..., T], bootstrap_servers: str, **options: Any) -> T:
    """Make a ``KafkaConsumer`` or ``KafkaProducer``; it waits for a broker.

    Raises:
        KafkaError: None answered.
    """
    client: KafkaNetClient = None

    def make_client(**made_with: Any) -> KafkaNetClient:
        nonlocal client
        client = KafkaNetClient(**made_with)
        return client

    try:
        return kind(
            bootstrap_servers=bootstrap_servers,
            client_id="tapeline-api",
            bootstrap_timeout_ms=ANSWER_MS,
            allow_auto_create_topics=False,
            metrics_enabled=False,
            kafka_client=make_client,
            **options,
        )
    except KafkaError:
        if client:
            client.close()  # or its thread would look for the broker for ever
        raise
