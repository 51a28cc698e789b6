"""The rival: the same candles in plain Flink SQL, as one would write them by hand.

The ``json`` format parses, broken records are dropped by it, open and close follow arrival, nothing
is checked for being late or ahead, and there are neither forming candles nor dead letters. It reads
the same settings as the market job.
"""

from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from jobs import candles, market, tables
from jobs.settings import Settings
from jobs.sql import NOW_MS, interval


def main() -> None:
    """Submits the job."""
    settings = Settings()
    env = StreamExecutionEnvironment.get_execution_environment(market.configuration(settings))
    t_env = StreamTableEnvironment.create(env)
    t_env.get_config().set("pipeline.name", "plain SQL baseline")
    t_env.execute_sql(
        tables.trades(settings)
        .replace("payload BYTES", "symbol STRING, price DOUBLE, quantity DOUBLE, side STRING")
        .replace("'format' = 'raw'", "'format' = 'json', 'json.ignore-parse-errors' = 'true'")
    )
    t_env.execute_sql(tables.candles(settings))
    outputs = t_env.create_statement_set()

    t_env.create_temporary_view(
        "valid",
        t_env.sql_query("""
            SELECT symbol, price, quantity, side, `timestamp` AS event_time FROM trades
            WHERE symbol IS NOT NULL AND price > 0 AND quantity > 0 AND side IN ('buy', 'sell')
        """),
    )
    source, time = "valid", "event_time"
    columns = (
        "FIRST_VALUE(price) AS `open`, MAX(price) AS high, MIN(price) AS low, "
        "LAST_VALUE(price) AS `close`, SUM(quantity) AS volume, SUM(price * quantity) AS notional, "
        "COUNT(*) AS trades, SUM(CASE WHEN side = 'buy' THEN quantity ELSE 0 END) AS buy_volume"
    )
    for name, ms in {**candles.SHORT, **candles.LONG}.items():
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
            INSERT INTO candles SELECT symbol, '{name}', {start}, {end}, `open`, high, low, `close`,
            volume, notional, notional / volume, trades, buy_volume, TRUE, 0, {NOW_MS} FROM {view}
        """)
        source, time = view, "wt"
        columns = (
            "FIRST_VALUE(`open`) AS `open`, MAX(high) AS high, MIN(low) AS low, "
            "LAST_VALUE(`close`) AS `close`, SUM(volume) AS volume, SUM(notional) AS notional, "
            "SUM(trades) AS trades, SUM(buy_volume) AS buy_volume"
        )
    outputs.execute()


if __name__ == "__main__":
    main()
