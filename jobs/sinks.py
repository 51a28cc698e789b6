"""The sinks: Kafka producers of messages that kernels wrote, key and value as they are.

They are connectors of the DataStream API. A table's would hand on each message through code that
the planner makes for the job; and what Java compiles is compiled again with every job that does.
"""

from pyflink.datastream import DataStream
from pyflink.datastream.connectors.base import DeliveryGuarantee
from pyflink.datastream.connectors.kafka import KafkaSink
from pyflink.java_gateway import get_gateway

from jobs import streams
from jobs.settings import Settings

MAX_MESSAGE_BYTES = 12 << 20
"""A dead letter carries its payload in base64: a third more than the largest message read."""
SINKS = {"dead_letters": "dead_letters", "outputs": "candles", "correlations": "correlations"}
"""Each sink, and the output whose topic tells its producers from those of a job with other topics.

One for the dead letters of decode, one for all that ``aggregate`` makes (dead letters too), and one
for what ``correlate`` makes. A union of both kinds of dead letters would take decode's out of the
chain of its operators: a tenth more CPU in the JVM where 5% are broken."""


def send(values: DataStream, settings: Settings, name: str, parallelism: int | None = None) -> None:
    """Sends messages to the topics that they are for.

    One producer for all of them: each has a thread, a buffer and, exactly-once, a transaction.

    Args:
        values: Rows of one BYTES, each many messages: see ``streams.part``.
        settings: Those of the job.
        name: Of SINKS.
        parallelism: That of the values, where it is not the job's.
    """
    parted = streams.part(values, name.replace("_", " "))
    sink = parted.sink_to(_sink(settings, name)).name(name).uid(name)
    if parallelism:
        parted.set_parallelism(parallelism)
        sink.set_parallelism(parallelism)


def producer(settings: Settings, name: str) -> dict[str, str]:
    """What a producer of these messages is told."""
    told = {
        "client.id": name_of(settings, name),
        "max.request.size": MAX_MESSAGE_BYTES,
        "compression.type": "zstd",
        # Of anomalies 7.9 times smaller at 800 MB/s; at 3, its own level, 6.9 times at 470.
        "compression.zstd.level": 1,
        "batch.size": 1 << 18,
        "linger.ms": 20,
    }
    if settings.delivery == "exactly-once":
        told["transaction.timeout.ms"] = settings.transaction_timeout_ms
    return {key: str(value) for key, value in told.items()}


def name_of(settings: Settings, name: str) -> str:
    """The name of a sink's producers; the ids of their transactions begin with it."""
    return f"{settings.group_id}-{name}-{settings.outputs[SINKS[name]]}"


def _sink(settings: Settings, name: str) -> KafkaSink:
    # PyFlink's own builder takes no serializer but those that it brings.
    jvm = get_gateway().jvm
    guarantee = DeliveryGuarantee[settings.delivery.upper().replace("-", "_")]
    builder = (
        jvm.org.apache.flink.connector.kafka.sink.KafkaSink.builder()
        .setBootstrapServers(settings.bootstrap_servers)
        .setRecordSerializer(streams.java_class("MessageRecords")())
        .setDeliveryGuarantee(guarantee._to_j_delivery_guarantee())
        .setTransactionalIdPrefix(name_of(settings, name))
    )
    for key, value in producer(settings, name).items():
        builder.setProperty(key, value)
    return KafkaSink(builder.build())
