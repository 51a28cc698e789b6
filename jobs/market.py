"""The main job: raw trades in, candles, late trades, the ledger and dead letters out.

trades (Kafka bytes)
  | decode: one pandas UDF, an Arrow batch in, frames, dead letters and a tally out
  |-- dead letters --------------------------------------------> dead_letters
  v frames, keyed by shard; the tally, by a key of its own
aggregate: numpy on keyed state, all windows from 1s to 1d
  |-- forming, final and corrected candles --------------------> candles
  |-- trades too late to correct any --------------------------> late_trades
  |-- where every record went ---------------------------------> ledger
  |-- trades of too many symbols ------------------------------> dead_letters
"""

from pyflink.common import Configuration, Types
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StatementSet, StreamTableEnvironment

from jobs import delivery, streams, tables
from jobs.aggregate import BYTES, MESSAGE_TYPE, Aggregate
from jobs.operators import name_operators
from jobs.settings import OUTPUTS, Settings
from udfs import flink as udfs
from udfs.frames import KEY_BYTES
from udfs.shard import Rules

PIECE = Types.ROW_NAMED(["piece"], [BYTES])
FRAME = Types.ROW_NAMED(["shard", "frame"], [Types.INT(), BYTES])
BATCHES_IN_BUNDLE = 5
"""Python works on the first batch of a bundle while the JVM fills the next ones."""


def build(env: StreamExecutionEnvironment, settings: Settings) -> StatementSet:
    """Builds the whole dataflow as one statement set, not attached to the environment yet."""
    t_env = StreamTableEnvironment.create(env)
    t_env.execute_sql(tables.trades(settings))
    for name in OUTPUTS:
        t_env.execute_sql(tables.output(settings, name))
    outputs = t_env.create_statement_set()

    # Kafka records -> pieces, each a frame, a tally or a dead letter.
    # Crossed to a stream once, and all goes on from there: so the topic is read and decoded once.
    t_env.create_temporary_function(
        "decode_trades",
        udfs.decode_trades(settings.trades_topics, settings.shards, settings.max_ahead_ms),
    )
    decoded = t_env.sql_query(f"""
        SELECT piece FROM (
          SELECT decode_trades(payload, {tables.source_number(settings)}, `offset`, `timestamp`)
            AS pieces
          FROM trades WHERE {tables.within(settings)}
        ) CROSS JOIN UNNEST(pieces) AS unnested (piece)
    """)
    pieces = streams.to_stream(t_env, decoded, PIECE)
    t_env.create_temporary_view("pieces", streams.to_table(t_env, pieces))
    is_letter = "CAST(piece AS BINARY(1)) = X'7B'"  # an opening brace

    # Frames, keyed by shard -> messages to the other outputs.
    frames = t_env.sql_query(f"""
        SELECT CAST(CAST(CAST(piece AS BINARY({KEY_BYTES})) AS STRING) AS INT) AS shard,
          piece AS frame
        FROM pieces WHERE NOT {is_letter}
    """)
    frame_stream = streams.to_stream(t_env, frames, FRAME)
    messages = (
        streams.key_by_first_field(frame_stream, Types.INT(), BYTES)
        .process(Aggregate(rules(settings)), MESSAGE_TYPE)
        .name("aggregate")
        .uid("aggregate")
    )
    t_env.create_temporary_view("messages", t_env.from_data_stream(messages))
    for name in ("candles", "late_trades", "ledger"):
        outputs.add_insert_sql(
            f"INSERT INTO {name} SELECT key, `value` FROM messages WHERE output = '{name}'"
        )
    outputs.add_insert_sql(f"""
        INSERT INTO dead_letters
        SELECT {tables.source_of_letter(settings)}, piece FROM pieces WHERE {is_letter}
        UNION ALL
        SELECT key, `value` FROM messages WHERE output = 'dead_letters'
    """)
    return outputs


def rules(settings: Settings) -> Rules:
    """What the settings say of candles."""
    bounded = settings.stop_at != "never"
    stamp_end = settings.updated_at == "end"
    return Rules(
        topics=settings.trades_topics,
        shards=settings.shards,
        symbols=settings.symbols_per_shard,
        correction_ms=settings.correction_ms,
        duplicates_ms=settings.duplicate_ttl_ms,
        # A backfill's time passes with its records alone.
        quiet_ms=0 if bounded else settings.idle_timeout_ms,
        forming=settings.forming_intervals,
        forming_ms=settings.forming_ms,
        ledger_ms=settings.ledger_ms,
        # Candles that know no clock and are never corrected are the same when they are repeated.
        may_repeat=settings.delivery == "at-least-once"
        and not (stamp_end and settings.correction_ms == 0),
        stamp_end=stamp_end,
    )


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
    }
    configuration = Configuration()
    for key, value in options.items():
        configuration.set_string(key, str(value))
    return configuration


def main() -> None:
    """Submits the job with the settings of the environment."""
    settings = Settings()
    delivery.check(settings)
    env = StreamExecutionEnvironment.get_execution_environment(configuration(settings))
    build(env, settings).attach_as_datastream()
    name_operators(env)
    env.execute()


if __name__ == "__main__":
    main()
