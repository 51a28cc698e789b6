"""Crossings between the Table and the DataStream API that keep the bytes in the JVM."""

from pyflink.common import Types
from pyflink.common.typeinfo import RowTypeInfo, TypeInformation
from pyflink.datastream import DataStream, KeyedStream
from pyflink.java_gateway import get_gateway
from pyflink.table import Schema, StreamTableEnvironment, Table


def to_stream(t_env: StreamTableEnvironment, table: Table, row: RowTypeInfo) -> DataStream:
    """A table as a stream of rows of this type.

    ``to_data_stream`` gives an external type that Python operators refuse; an append stream whose
    type is spelt out passes. Watermarks go along.
    """
    return t_env.to_append_stream(table, row)


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


def key_by_first_field(
    stream: DataStream, key: TypeInformation, value: TypeInformation
) -> KeyedStream:
    """Keys a stream of rows (key, value) in the JVM; the functions after it see the value.

    ``DataStream.key_by`` would send every value through a Python worker only to compute its key.
    """
    jvm = get_gateway().jvm
    keyed = stream._j_data_stream.keyBy(
        jvm.KeyByKeySelector(), Types.ROW([key]).get_java_type_info()
    )
    return KeyedStream(keyed, value, stream)
