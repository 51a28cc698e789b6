"""What there must be before a source begins."""

import socket

from kafka.errors import KafkaError

from scripts.sources.errors import SourceError
from scripts.sources.place import Place
from scripts.stack.topics import create_kept

KAFKA_S = 2.0
"""The longest wait for a broker's port: kafka-python looks for it half a minute."""


def prepare(place: Place) -> None:
    """Make sure that there is a topic to send to.

    Raises:
        SourceError: Kafka is not there.
    """
    if not any(_listens(each) for each in place.bootstrap_servers.split(",")):
        raise SourceError(f"Kafka cannot be reached at {place.bootstrap_servers}")
    try:
        create_kept(place.bootstrap_servers, [place.topic], place.partitions)
    except KafkaError as error:
        raise SourceError(f"Kafka at {place.bootstrap_servers}: {error}") from error


def _listens(server: str) -> bool:
    host, _, port = server.strip().rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), KAFKA_S).close()
    except (OSError, ValueError):
        return False
    return True
