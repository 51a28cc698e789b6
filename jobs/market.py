"""The main job: raw trades and orders in, candles, order flow, books, dead letters and more out.

trades, orders (Kafka bytes)
  | batch: many records in one value
  v batches
  | decode: one pandas UDF, batches in, frames, dead letters and a tally out
  |-- dead letters --------------------------------------------> dead_letters
  v frames, keyed by shard; the tally, by a key of its own
aggregate: numpy on keyed state, all windows from 1s to 1d
  |-- forming, final and corrected candles --------------------> candles
  |-- trades too late to correct any --------------------------> late_trades
  |-- order flow of the same windows, and its corrections -----> order_flow
  |-- books of open orders, as they change --------------------> book
  |-- indicators, sliding windows and trends of closed candles
  |     -> indicators, sliding_windows, analyzed_market_trends
  |-- trades far from those before them -----------------------> anomalies
  |-- gaps, outages, prices far off, totals of each symbol -----> quality
  |-- what rules make of these --------------------------------> alerts
  |-- where every record went ---------------------------------> ledger
  |-- what is of too many symbols -----------------------------> dead_letters
  v closes of minutes, all under one key
correlate: numpy on keyed state, the pairs of all symbols
  |-- correlations of the last hour, each minute --------------> correlations
"""

from collections.abc import Mapping

from pyflink.common import Configuration, Types
from pyflink.datastream import DataStream, StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from jobs import alerts_file, delivery, sinks, streams, tables
from jobs.aggregate import CLOSES, MESSAGES, Aggregate
from jobs.correlate import Correlate
from jobs.hand_over import HandOver
from jobs.operators import name_operators
from jobs.settings import Settings
from jobs.streams import BYTES
from jobs.upgrades import AGGREGATE
from udfs import flink as udfs
from udfs.analytics import AnalyticsRules
from udfs.frames import KEY_BYTES
from udfs.messages import MARK
from udfs.periods import RobustRules, ScoreRules
from udfs.ring import RING_BYTES
from udfs.shard import Rules
from udfs.shards import TALLY

PIECE = Types.ROW_NAMED(["piece"], [BYTES])
FRAME = Types.ROW_NAMED(["shard", "frame"], [Types.INT(), BYTES])
CLOSE = Types.ROW_NAMED(["everything", "closes"], [Types.INT(), BYTES])
CALL = Types.ROW_NAMED(["shard", "nothing"], [Types.INT(), BYTES])
BUNDLE_SIZE, BUNDLE_TIME = "python.fn-execution.bundle.size", "python.fn-execution.bundle.time"
NO_ANALYTICS = AnalyticsRules(intervals=(), robust=RobustRules(intervals=()), trends=False)
NO_SCORES = ScoreRules(window=0)
"""In place of what the settings say where analytics are switched off."""
BATCHES_IN_BUNDLE = 1
"""Of ``decode``. Its addresses are so short that the JVM would send none before the bundle ends."""
ELEMENTS_IN_BUNDLE = 10_000
"""Of functions on keyed state: frames, and timers that fire. It is time that ends their bundles."""
PATIENCE = 10
"""They wait for each other so many times shorter than records do for their batch."""


def build(env: StreamExecutionEnvironment, settings: Settings) -> None:
    """Builds the whole dataflow."""
    t_env = StreamTableEnvironment.create(env)
    t_env.get_config().set(BUNDLE_SIZE, str(BATCHES_IN_BUNDLE))
    t_env.execute_sql(tables.trades(settings))

    # Kafka records -> batches of them, each one value.
    # Crossed to a stream once, and all goes on from there: so the topic is read once.
    records = t_env.sql_query(f"""
        SELECT payload, {tables.source_number(settings)} AS source, `offset`, `timestamp`
        FROM trades WHERE {tables.within(settings)}
    """)
    batches = streams.batch(
        t_env, records, settings.batch_bytes, settings.bundle_ms, settings.batch_folder
    )
    t_env.create_temporary_view("batches", streams.to_table(t_env, batches))

    # Batches -> pieces, each a frame, a tally or dead letters.
    ring_bytes = RING_BYTES if settings.batch_folder else 0
    t_env.create_temporary_function(
        "decode_records",
        udfs.decode_records(
            udfs.Decode(
                settings.topics,
                settings.outputs["dead_letters"],
                ring_bytes,
                settings.shards,
                settings.max_ahead_ms,
                min(settings.silences_ms, default=None),
            )
        ),
    )
    decoded = t_env.sql_query("""
        SELECT piece FROM (
          SELECT decode_records(batch) AS pieces FROM batches
        ) CROSS JOIN UNNEST(pieces) AS unnested (piece)
    """)
    pieces = streams.to_stream(t_env, decoded, PIECE)
    t_env.create_temporary_view("pieces", streams.to_table(t_env, pieces))

    # Of pieces this takes the letters.
    sinks.send(pieces, settings, "dead_letters")

    # Frames, keyed by shard -> messages to the other outputs.
    frames = t_env.sql_query(f"""
        SELECT CAST(CAST(CAST(piece AS BINARY({KEY_BYTES})) AS STRING) AS INT) AS shard,
          piece AS frame
        FROM pieces WHERE CAST(piece AS BINARY(1)) <> X'{MARK.hex()}'
    """)
    frame_stream = streams.to_stream(t_env, frames, FRAME)
    if settings.shards_before:
        frame_stream = frame_stream.union(_handed_over(t_env, settings))
    by_shard = streams.key_by_first_field(frame_stream)
    messages = (
        streams.announce_checkpoints(by_shard, [*range(settings.shards), TALLY], "aggregate")
        .process(Aggregate(rules(settings), settings.outputs, ring_bytes), MESSAGES)
        .name("aggregate")
        .uid(f"{AGGREGATE}{settings.shards}")
    )
    sinks.send(messages, settings, "outputs")

    # Closes of minutes, all under one key -> messages to correlations.
    # Only what goes on to them has need of watermarks.
    t_env.create_temporary_view("timed", streams.to_table(t_env, messages))
    closes = t_env.sql_query(f"""
        SELECT 0 AS everything, messages AS closes FROM timed
        WHERE CAST(messages AS BINARY(1)) = X'{CLOSES.hex()}'
    """)
    under_one = streams.key_by_first_field(streams.to_stream(t_env, closes, CLOSE))
    correlated = (
        streams.announce_checkpoints(under_one, [0], "correlate")
        .process(Correlate(settings.correlations, settings.outputs["correlations"]), MESSAGES)
        .name("correlate")
        .uid("correlate")
        .set_parallelism(1)
    )
    # They are made one minute after the other: two subtasks could send the next one first.
    sinks.send(correlated, settings, "correlations", parallelism=1)

    # Functions on keyed state go by what the environment says in the end, and each table has
    # written there what tables are told.
    env.configure(_bundles(settings))


def _handed_over(t_env: StreamTableEnvironment, settings: Settings) -> DataStream:
    """The parts of the state of the shards of before, as rows of FRAME, of the table ``pieces``.

    Each shard needs an element to be called with. The tally of each batch makes them: a stream of
    their own would have its own end, or its own idleness, and hold or hurry the watermark.
    """
    before = settings.model_copy(update={"shards": settings.shards_before, "shards_before": 0})
    numbers = ", ".join(map(str, [*range(before.shards), TALLY]))
    is_tally = f"CAST(CAST(piece AS BINARY({KEY_BYTES})) AS STRING) = '{TALLY}'"
    # An array that were the same of every row would become a table, and this a join with a state.
    calls = t_env.sql_query(f"""
        SELECT number, X'' AS nothing
        FROM (SELECT CASE WHEN {is_tally} THEN ARRAY[{numbers}] END AS numbers FROM pieces)
        CROSS JOIN UNNEST(numbers) AS unnested (number)
    """)
    return (
        streams.key_by_first_field(streams.to_stream(t_env, calls, CALL))
        .process(HandOver(rules(before), settings.shards), FRAME)
        .name(f"hand over from {before.shards} shards")
        .uid(f"{AGGREGATE}{before.shards}")
    )


def rules(settings: Settings) -> Rules:
    """What the settings say of candles, and the file that they name of alerts.

    Raises:
        AlertsFileError: see ``alerts_file.read``.
    """
    stamp_end = settings.updated_at == "end"
    return Rules(
        topics=settings.topics,
        shards=settings.shards,
        shards_before=settings.shards_before,
        symbols=settings.symbols_per_shard,
        correction_ms=settings.correction_ms,
        duplicates_ms=settings.duplicate_ttl_ms,
        quiet_ms=settings.quiet_ms,
        forming=settings.forming_intervals,
        forming_ms=settings.forming_ms,
        ledger_ms=settings.ledger_ms,
        open_orders=settings.open_orders,
        order_ttl_ms=settings.order_ttl_ms,
        book_ms=settings.book_ms,
        revision_ms=settings.revision_ms,
        analytics=_of_candles(settings) if settings.analytics else NO_ANALYTICS,
        scores=settings.scores if settings.analytics else NO_SCORES,
        silences_ms=settings.silences_ms,
        sends_closes=settings.correlations.window > 0,
        alerts=alerts_file.read(settings),
        # Candles that know no clock and are never corrected are the same when they are repeated.
        may_repeat=settings.delivery == "at-least-once"
        and not (stamp_end and settings.correction_ms == 0),
        stamp_end=stamp_end,
    )


def _of_candles(settings: Settings) -> AnalyticsRules:
    """What the settings say of analytics of candles."""
    return AnalyticsRules(
        intervals=settings.indicator_intervals,
        periods=settings.periods,
        windows=settings.windows,
        robust=settings.robust,
        model=settings.model,
        swing=settings.swing_percent / 100,
        ttl_ms=settings.series_ttl_ms,
    )


def configuration(settings: Settings) -> Configuration:
    """What the job itself asks of Flink; what belongs to the cluster stands in flink-conf/."""
    # An operator that another tells of checkpoints, or sends addresses to, must be of its chain.
    options = {
        "pipeline.operator-chaining.enabled": "true",
        "pipeline.name": "tapeline market",
        "pipeline.object-reuse": "true",
        "table.local-time-zone": "UTC",
        "python.fn-execution.arrow.batch.size": 1,
        # A journal goes to Flink when it is written. Kept for the end of the bundle, those of all
        # shards would be in memory at once.
        "python.state.cache-size": 0,
        "execution.checkpointing.interval": f"{settings.checkpoint_interval_ms} ms",
    }
    return _configured(options)


def _bundles(settings: Settings) -> Configuration:
    """When bundles of functions on keyed state end."""
    bundle_ms = max(1, settings.bundle_ms // PATIENCE)
    return _configured({BUNDLE_SIZE: ELEMENTS_IN_BUNDLE, BUNDLE_TIME: bundle_ms})


def _configured(options: Mapping[str, object]) -> Configuration:
    configuration = Configuration()
    for key, value in options.items():
        configuration.set_string(key, str(value))
    return configuration


def main() -> None:
    """Submits the job with the settings of the environment."""
    settings = Settings()
    delivery.check(settings)
    env = StreamExecutionEnvironment.get_execution_environment(configuration(settings))
    build(env, settings)
    name_operators(env)
    env.execute()


if __name__ == "__main__":
    main()
