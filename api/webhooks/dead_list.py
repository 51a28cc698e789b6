"""The dead list: alerts that were given up on, on a topic of their own."""

from typing import Protocol

import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaError

from api.connect import ANSWER_MS, connect
from api.records import Undelivered
from api.webhooks.parcel import Parcel


class DeadListError(Exception):
    """The dead list could not be written to; the text says why."""


class DeadList(Protocol):
    """Keeps the alerts that were given up on."""

    def put(self, undelivered: Undelivered, parcel: Parcel) -> None:
        """Keep one, and return when it is kept.

        Raises:
            DeadListError: It may not be kept: put it again.
        """


class KafkaDeadList:
    """The dead list on Kafka, by symbol; it connects when the first alert is given up on."""

    def __init__(self, bootstrap_servers: str, topic: str) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._topic = topic
        self._producer: KafkaProducer | None = None

    def put(self, undelivered: Undelivered, parcel: Parcel) -> None:
        """Write one, and return when the broker has it, on all replicas that are in sync.

        Raises:
            DeadListError: The broker did not say so in time.
        """
        try:
            if self._producer is None:
                self._producer = connect(
                    KafkaProducer,
                    self._bootstrap_servers,
                    acks="all",
                    max_block_ms=ANSWER_MS,
                    request_timeout_ms=ANSWER_MS,
                    delivery_timeout_ms=2 * ANSWER_MS,
                )
            sent = self._producer.send(
                self._topic, message(undelivered, parcel), key=parcel.alert.symbol.encode()
            )
            sent.get(timeout=2 * ANSWER_MS / 1_000)
        except KafkaError as error:
            raise DeadListError(str(error) or repr(error)) from error

    def close(self) -> None:
        """Leave the broker; what it has not confirmed was told as an error."""
        if self._producer is not None:
            self._producer.close(timeout=0)


def message(undelivered: Undelivered, parcel: Parcel) -> bytes:
    """What stands on the dead list: the alert as it came, with all of its fields."""
    fields = msgspec.structs.asdict(undelivered)
    return msgspec.json.encode({**fields, "alert": msgspec.Raw(parcel.body)})
