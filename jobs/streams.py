"""Crossings between the Table and the DataStream API that keep the bytes in the JVM."""

from collections.abc import Sequence
from typing import Any

from py4j.java_gateway import JavaClass
from pyflink.common import Types
from pyflink.common.typeinfo import RowTypeInfo
from pyflink.datastream import DataStream, KeyedStream
from pyflink.java_gateway import get_gateway
from pyflink.table import DataTypes, Schema, StreamTableEnvironment, Table
from pyflink.table.types import _to_java_data_type

RECORD = DataTypes.ROW(
    [
        DataTypes.FIELD("payload", DataTypes.BYTES()),
        DataTypes.FIELD("source", DataTypes.INT()),
        DataTypes.FIELD("offset", DataTypes.BIGINT()),
        DataTypes.FIELD("timestamp", DataTypes.TIMESTAMP_LTZ(3)),
    ]
)
"""A Kafka record; source: see ``udfs.sources``."""
BYTES = Types.PRIMITIVE_ARRAY(Types.BYTE())
BATCH = Types.ROW_NAMED(["batch"], [BYTES])
"""Many of them: see ``udfs.batches``."""
MESSAGE = Types.ROW_NAMED(["key", "message", "topic"], [BYTES, BYTES, Types.STRING()])
"""A message to a topic."""


def to_stream(t_env: StreamTableEnvironment, table: Table, row: RowTypeInfo) -> DataStream:
    """A table as a stream of rows of this type.

    ``to_data_stream`` gives an external type that Python operators refuse; an append stream whose
    type is spelt out passes. Watermarks go along.
    """
    return t_env.to_append_stream(table, row)


def batch(
    t_env: StreamTableEnvironment,
    records: Table,
    batch_bytes: int,
    patience_ms: int,
    folder: str,
) -> DataStream:
    """Kafka records (payload, source, offset, timestamp) as a stream of rows of one BYTES each.

    Python then handles a few values a second. No operator of Flink's makes one row of many without
    a window's cost for each, so this one is ours: ``BatchRecords`` in ``flink-conf/src``.

    Raises:
        ImportError: Flink's class path does not have it.
    """
    jvm = get_gateway().jvm
    operator = java_class("BatchRecords")
    # The planner's own rows, as they are: any other kind is an object for each field.
    internal = jvm.java.lang.Class.forName("org.apache.flink.table.data.RowData")
    row = _to_java_data_type(RECORD).bridgedTo(internal)
    rows = t_env._j_tenv.toDataStream(records._j_table, row)
    batches = rows.transform(
        "batch", BATCH.get_java_type_info(), operator(batch_bytes, patience_ms, folder)
    )
    return DataStream(batches.uid("batch"))


def part(values: DataStream, of: str) -> DataStream:
    """Rows of one BYTES, each many messages, as a stream of rows of key, message and topic.

    See ``udfs.messages``; the operator is ours, ``PartMessages`` in ``flink-conf/src``. UNNEST
    needs an array of them, each of which Python would have to make an object of.
    """
    name = f"part {of}"
    row = MESSAGE.get_java_type_info()
    parted = values._j_data_stream.transform(name, row, java_class("PartMessages")())
    return DataStream(parted.uid(name.replace(" ", "-")))


def java_class(name: str) -> JavaClass:
    """A class of ours.

    Raises:
        ImportError: Flink's class path does not have it.
    """
    found = getattr(get_gateway().jvm.io.tapeline, name)
    if not isinstance(found, JavaClass):
        raise ImportError(
            "no tapeline-flink jar in Flink's lib/, or an old one: take that of "
            "flink-conf/jars/flink (mvn -f flink-conf/pom.xml package makes it)"
        )
    return found


def to_table(t_env: StreamTableEnvironment, stream: DataStream) -> Table:
    """A stream of rows as a table that hands on the stream's watermarks.

    A table without a time attribute would keep them to itself; this one's is of no other use.
    """
    schema = (
        Schema.new_builder()
        .column_by_expression("event_time", "TO_TIMESTAMP_LTZ(0, 3)")
        .watermark("event_time", "SOURCE_WATERMARK()")
        .build()
    )
    return t_env.from_data_stream(stream, schema)


def key_by_first_field(stream: DataStream) -> KeyedStream:
    """Keys a stream of rows (INT, BYTES) in the JVM; the functions after it see the bytes.

    ``DataStream.key_by`` would send every value through a Python worker only to compute its key.
    """
    return _keyed(stream._j_data_stream.keyBy(*_first_field()), stream)


def announce_checkpoints(keyed: KeyedStream, keys: Sequence[int], to: str) -> KeyedStream:
    """The same stream and, right before each checkpoint, no bytes for each of these keys.

    That is when a function should write its state down. No function of Python's is told, but an
    operator is: ours is ``AnnounceCheckpoints`` in ``flink-conf/src``. It must be of one chain with
    the function, and so of its parallelism: that of the stream, or one subtask for one key.

    Args:
        keyed: As ``key_by_first_field`` gives it.
        keys: All that there are.
        to: The name of the function.
    """
    gateway = get_gateway()
    numbers = gateway.new_array(gateway.jvm.int, len(keys))
    for place, key in enumerate(keys):
        numbers[place] = key
    rows = keyed._j_data_stream
    name = f"announce checkpoints to {to}"
    announced = rows.transform(name, rows.getType(), java_class("AnnounceCheckpoints")(numbers))
    announced.uid(name.replace(" ", "-"))
    if len(keys) == 1:
        announced.setParallelism(1)
    utils = gateway.jvm.org.apache.flink.streaming.api.datastream.DataStreamUtils
    return _keyed(utils.reinterpretAsKeyedStream(announced, *_first_field()), keyed._origin_stream)


def _first_field() -> tuple[Any, Any]:
    """What gives the key of a row, and its type."""
    return get_gateway().jvm.KeyByKeySelector(), Types.ROW([Types.INT()]).get_java_type_info()


def _keyed(rows: Any, origin: DataStream) -> KeyedStream:
    return KeyedStream(rows, BYTES, origin)
