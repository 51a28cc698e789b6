"""The rival: the candles in plain Flink SQL, as one would write them by hand.

The ``json`` format parses, broken records are dropped by it, nothing is checked for being late, and
there are neither forming candles nor dead letters. It reads the same settings as the market job.

By default open and close follow arrival, and the time is that of the Kafka record: the fastest
that plain SQL can be. With ``by-event-time`` as its argument, time, open and close are what they
are in the market job: the trade's own time, unless it is too far ahead, and the first and the last
by (event time, trade id). The sums are rounded at every step all the same.
"""

import sys
from dataclasses import dataclass

from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from jobs import market, sinks, tables
from jobs.settings import Settings
from jobs.sql import interval
from udfs.intervals import INTERVALS
from udfs.scanner import OLDEST_MS

COLUMNS = "symbol STRING, price DOUBLE, quantity DOUBLE, side STRING"
MERGED = (
    "MAX(high) AS high, MIN(low) AS low, SUM(volume) AS volume, SUM(notional) AS notional, "
    "SUM(trades) AS trades, SUM(buy_volume) AS buy_volume"
)
AGGREGATES = (
    "MAX(price) AS high, MIN(price) AS low, SUM(quantity) AS volume, "
    "SUM(price * quantity) AS notional, COUNT(*) AS trades, "
    "SUM(CASE WHEN side = 'buy' THEN quantity ELSE 0 END) AS buy_volume"
)
# Digits of the time, length of the id, id, and the price.
ORDER_KEY = (
    "CONCAT(LPAD(CAST(`timestamp` AS STRING), 15, '0'), "
    "LPAD(CAST(CHAR_LENGTH(COALESCE(trade_id, '')) AS STRING), 2, '0'), "
    "COALESCE(trade_id, ''), ' ', CAST(price AS STRING))"
)


NOW_MS = (
    "EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) * 1000 + EXTRACT(MILLISECOND FROM CURRENT_TIMESTAMP)"
)
CANDLE_COLUMNS = (
    "symbol STRING, `interval` STRING, `start` BIGINT, `end` BIGINT, "
    "`open` DOUBLE, high DOUBLE, low DOUBLE, `close` DOUBLE, "
    "volume DOUBLE, notional DOUBLE, vwap DOUBLE, trades BIGINT, buy_volume DOUBLE, "
    "final BOOLEAN, revision INT, updated_at BIGINT"
)


@dataclass(frozen=True)
class Order:
    """What decides which trade is first, in SQL."""

    ddl: str
    """The table ``trades``, but for its format."""
    time: str
    """The column that the windows go by."""
    of_trades: str
    """Open and close of trades, aggregated."""
    of_candles: str
    """Open and close of shorter candles, aggregated."""
    prices: str
    """Open, high, low and close, as they are written."""


def by_arrival(settings: Settings) -> Order:
    """The fastest: whatever comes first."""
    return Order(
        ddl=tables.trades(settings).replace("payload BYTES", COLUMNS),
        time="`timestamp`",
        of_trades="FIRST_VALUE(price) AS `open`, LAST_VALUE(price) AS `close`",
        of_candles="FIRST_VALUE(`open`) AS `open`, LAST_VALUE(`close`) AS `close`",
        prices="`open`, high, low, `close`",
    )


def by_event_time(settings: Settings) -> Order:
    """As the market job: event time, then trade id."""
    own_time = "TO_TIMESTAMP_LTZ(`timestamp`, 3)"
    ahead = interval(settings.max_ahead_ms)
    times = (
        "kafka_time TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,\n"
        f"  event_time AS CASE WHEN `timestamp` >= {OLDEST_MS}"
        f" AND {own_time} <= kafka_time + {ahead} THEN {own_time} END"
    )
    columns, _, watermark = tables.trades(settings).partition("WATERMARK FOR `timestamp`")
    ddl = (
        columns.replace("payload BYTES", f"{COLUMNS}, `timestamp` BIGINT, trade_id STRING").replace(
            "`timestamp` TIMESTAMP_LTZ(3) METADATA VIRTUAL", times
        )
        + "WATERMARK FOR event_time"
        + watermark.replace("`timestamp`", "kafka_time")
    )
    price = "CAST(SPLIT_INDEX({}, ' ', 1) AS DOUBLE)"
    return Order(
        ddl=ddl,
        time="event_time",
        of_trades=f"MIN({ORDER_KEY}) AS `open`, MAX({ORDER_KEY}) AS `close`",
        of_candles="MIN(`open`) AS `open`, MAX(`close`) AS `close`",
        prices=f"{price.format('`open`')}, high, low, {price.format('`close`')}",
    )


def candles(settings: Settings) -> str:
    """The market job's output of candles, but that SQL makes the JSON."""
    producer = sinks.producer(settings, "outputs")
    return tables.create(
        "candles",
        CANDLE_COLUMNS,
        {
            "connector": "kafka",
            "properties.bootstrap.servers": settings.bootstrap_servers,
            **{f"properties.{key}": value for key, value in producer.items()},
            "topic": settings.outputs["candles"],
            "sink.delivery-guarantee": settings.delivery,
            "key.format": "json",
            "key.fields": "symbol;interval",
            "value.format": "json",
            "value.fields-include": "ALL",
        },
    )


def main() -> None:
    """Submits the job."""
    settings = Settings(orders_topics=())  # SQL cannot read them
    env = StreamExecutionEnvironment.get_execution_environment(market.configuration(settings))
    t_env = StreamTableEnvironment.create(env)
    t_env.get_config().set("pipeline.name", f"plain SQL baseline {' '.join(sys.argv[1:])}")
    order = (by_event_time if "by-event-time" in sys.argv else by_arrival)(settings)
    json_format = "'format' = 'json', 'json.ignore-parse-errors' = 'true'"
    t_env.execute_sql(order.ddl.replace("'format' = 'raw'", json_format))
    t_env.execute_sql(candles(settings))
    outputs = t_env.create_statement_set()

    t_env.create_temporary_view(
        "valid",
        t_env.sql_query(f"""
            SELECT * FROM trades WHERE symbol IS NOT NULL AND price > 0 AND quantity > 0
            AND side IN ('buy', 'sell') AND {order.time} IS NOT NULL
        """),
    )
    source, time, columns = "valid", order.time, f"{order.of_trades}, {AGGREGATES}"
    for name, ms in INTERVALS.items():
        view = f"candles_{name}"
        t_env.create_temporary_view(
            view,
            t_env.sql_query(f"""
                SELECT symbol, window_start AS ws, window_end AS we, window_time AS wt, {columns}
                FROM TABLE(TUMBLE(TABLE {source}, DESCRIPTOR({time}), {interval(ms)}))
                GROUP BY symbol, window_start, window_end, window_time
            """),
        )
        start, end = (
            f"EXTRACT(EPOCH FROM CAST({edge} AS TIMESTAMP_LTZ(3))) * 1000" for edge in ("ws", "we")
        )
        outputs.add_insert_sql(f"""
            INSERT INTO candles SELECT symbol, '{name}', {start}, {end}, {order.prices},
            volume, notional, notional / volume, trades, buy_volume, TRUE, 0, {NOW_MS} FROM {view}
        """)
        source, time, columns = view, "wt", f"{order.of_candles}, {MERGED}"
    outputs.execute()


if __name__ == "__main__":
    main()
