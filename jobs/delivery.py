"""Exactly-once delivery: what the broker must allow, checked before the job is submitted."""

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from jobs.settings import Settings

_LIMIT = "transaction.max.timeout.ms"


class DeliveryError(Exception):
    """The broker would refuse the job's transactions; the text says which setting to change."""


def check(settings: Settings) -> None:
    """Checks the transactions' timeout against the checkpoints and against the broker.

    Raises:
        DeliveryError: it is too short or too long.
    """
    if settings.delivery != "exactly-once":
        return
    timeout_ms = settings.transaction_timeout_ms
    if timeout_ms < 2 * settings.checkpoint_interval_ms:
        raise DeliveryError(
            f"TAPELINE_TRANSACTION_TIMEOUT_MS ({timeout_ms}) must be at least twice "
            f"TAPELINE_CHECKPOINT_INTERVAL_MS ({settings.checkpoint_interval_ms}): a transaction "
            "lasts from one checkpoint to the next, and until a recovery is over"
        )
    limit_ms = broker_limit_ms(settings.bootstrap_servers)
    if timeout_ms > limit_ms:
        raise DeliveryError(
            f"TAPELINE_TRANSACTION_TIMEOUT_MS ({timeout_ms}) is over the broker's {_LIMIT} "
            f"({limit_ms}): lower the one or raise the other"
        )


def broker_limit_ms(bootstrap_servers: str) -> int:
    """The longest timeout of a transaction that the brokers allow."""
    with KafkaAdminClient(bootstrap_servers=bootstrap_servers.split(",")) as admin:
        broker = str(admin.describe_cluster()["brokers"][0]["broker_id"])
        resource = ConfigResource(ConfigResourceType.BROKER, broker)
        described = admin.describe_configs([resource], config_filter="all")
        return int(described["broker"][broker][_LIMIT]["value"])
