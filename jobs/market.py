"""The main job: raw trades in, candles, late trades and dead letters out.

trades (Kafka bytes)
  | decode: one pandas UDF, an Arrow batch in, frames and dead letters out
  |-- dead letters --------------------------------------------> dead_letters
  v frames, keyed by shard
aggregate: numpy, partial candles of one second ---------------> late_trades
  v back to SQL with the source's watermark
TUMBLE 1s -> 10s -> 1m, CUMULATE 5m, 15m, 1h, 4h, 1d ----------> candles
running aggregates of 1s, 10s, 1m -----------------------------> candles (forming)
"""

from pyflink.common import Configuration, Types
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StatementSet, StreamTableEnvironment

from jobs import candles, streams, tables
from jobs.aggregate import LATE, PARTIAL_TYPE, Aggregate
from jobs.operators import name_operators
from jobs.settings import Settings
from udfs import flink as udfs
from udfs.frames import KEY_BYTES

BYTES = Types.PRIMITIVE_ARRAY(Types.BYTE())
PIECE = Types.ROW_NAMED(["piece"], [BYTES])
FRAME = Types.ROW_NAMED(["shard", "frame"], [Types.INT(), BYTES])
BATCHES_IN_BUNDLE = 5
"""Python works on the first batch of a bundle while the JVM fills the next ones."""


def build(env: StreamExecutionEnvironment, settings: Settings) -> StatementSet:
    """Builds the whole dataflow as one statement set, not attached to the environment yet."""
    t_env = StreamTableEnvironment.create(env)
    for table in (tables.trades, tables.candles, tables.late_trades, tables.dead_letters):
        t_env.execute_sql(table(settings))
    outputs = t_env.create_statement_set()

    # Kafka records -> pieces, each a frame or a dead letter.
    # Crossed to a stream once, and all goes on from there: so the topic is read and decoded once.
    t_env.create_temporary_function(
        "decode_trades",
        udfs.decode_trades(settings.trades_topics, settings.shards, settings.max_ahead_ms),
    )
    decoded = t_env.sql_query(f"""
        SELECT piece FROM (
          SELECT decode_trades(payload, {tables.source_number(settings)}, `offset`, `timestamp`)
            AS pieces
          FROM trades
        ) CROSS JOIN UNNEST(pieces) AS unnested (piece)
    """)
    pieces = streams.to_stream(t_env, decoded, PIECE)
    t_env.create_temporary_view("pieces", streams.to_table(t_env, pieces, time_ms="0"))
    is_letter = "CAST(piece AS BINARY(1)) = X'7B'"  # an opening brace

    outputs.add_insert_sql(f"""
        INSERT INTO dead_letters
        SELECT {tables.source_of_letter(settings)}, piece FROM pieces WHERE {is_letter}
    """)

    # Frames, keyed by shard -> partial candles of one second, and late trades to the side.
    frames = t_env.sql_query(f"""
        SELECT CAST(CAST(CAST(piece AS BINARY({KEY_BYTES})) AS STRING) AS INT) AS shard,
          piece AS frame
        FROM pieces WHERE NOT {is_letter}
    """)
    frame_stream = streams.to_stream(t_env, frames, FRAME)
    partials = (
        streams.key_by_first_field(frame_stream, Types.INT(), BYTES)
        .process(Aggregate(), PARTIAL_TYPE)
        .name("aggregate into partial candles")
        .uid("aggregate")
    )
    t_env.create_temporary_view("late", t_env.from_data_stream(partials.get_side_output(LATE)))
    outputs.add_insert_sql(tables.insert_late_trades(settings, "late"))

    # Partial candles -> candles of every interval.
    t_env.create_temporary_view("partials", streams.to_table(t_env, partials, time_ms="`second`"))
    views = {}
    source, time = "partials", "event_time"
    for interval, ms in candles.SHORT.items():
        views[f"candles_{interval}"] = candles.tumble(source, time, ms)
        source, time = f"candles_{interval}", "wt"
    for interval, ms in candles.LONG.items():
        views[f"candles_{interval}"] = candles.cumulate(source, time, ms)
    if settings.forming_candles:
        views["forming_candles"] = candles.forming("partials", candles.SHORT.values())
    for name, query in views.items():
        t_env.create_temporary_view(name, t_env.sql_query(query))
    outputs.add_insert_sql(candles.publish(views))
    return outputs


def configuration(settings: Settings) -> Configuration:
    """What the job itself asks of Flink; what belongs to the cluster stands in flink-conf/."""
    options = {
        "pipeline.name": "tapeline market",
        "pipeline.object-reuse": "true",
        "table.local-time-zone": "UTC",
        "python.fn-execution.bundle.size": BATCHES_IN_BUNDLE * settings.batch_rows,
        "python.fn-execution.arrow.batch.size": settings.batch_rows,
        "python.fn-execution.bundle.time": settings.bundle_ms,
        "execution.checkpointing.interval": f"{settings.checkpoint_interval_ms} ms",
        # Forming candles keep a running sum per symbol and window; a minute's is of no use later.
        "table.exec.state.ttl": "3 min",
    }
    configuration = Configuration()
    for key, value in options.items():
        configuration.set_string(key, str(value))
    return configuration


def main() -> None:
    """Submits the job with the settings of the environment."""
    settings = Settings()
    env = StreamExecutionEnvironment.get_execution_environment(configuration(settings))
    build(env, settings).attach_as_datastream()
    name_operators(env)
    env.execute()


if __name__ == "__main__":
    main()
