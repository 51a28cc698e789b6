"""Candles in SQL: partial candles merged over ever longer windows, and shown while they form.

Every query works on the same merged columns: a candle of a day is built like one of a second.

    symbol, second, open_key, close_key, high, low, trades, and the limbs of the three sums

It adds its interval (ms) and whether the candle is final, so that one statement publishes them all.

``udfs.candles`` explains keys and limbs. Seconds, ten seconds and minutes are cascaded TUMBLE
windows; what is longer is a CUMULATE window over the minutes, which gives the candle so far with
every minute and the final one with the last.
"""

from collections.abc import Iterable

from jobs.sql import NOW_MS, interval
from udfs.candles import LIMB_BITS, LIMBS, PRICE_MARK, UNITS

SUMS = ("volume", "notional", "buy_volume")
SHORT = {"1s": 1_000, "10s": 10_000, "1m": 60_000}
"""Intervals that forming candles are published of with every frame; ms."""
LONG = {"5m": 300_000, "15m": 900_000, "1h": 3_600_000, "4h": 14_400_000, "1d": 86_400_000}
"""Intervals that forming candles are published of once a minute; ms."""

STEP_MS = 60_000
"""The step of those."""

_LIMBS = [f"{name}_{limb}" for name in SUMS for limb in range(LIMBS)]
PARTIAL_COLUMNS = ("symbol", "second", "open_key", "close_key", "high", "low", "trades", *_LIMBS)


def _merge(over: str = "") -> str:
    """The aggregate calls that merge partial candles into one."""
    calls = {
        "second": "MIN",
        "open_key": "MIN",
        "close_key": "MAX",
        "high": "MAX",
        "low": "MIN",
        "trades": "SUM",
        **dict.fromkeys(_LIMBS, "SUM"),
    }
    return ", ".join(f"{call}(`{column}`){over} AS `{column}`" for column, call in calls.items())


def _carried(name: str) -> str:
    """Limbs brought back below 2**44, so that sums of sums never overflow a BIGINT."""
    base = 1 << LIMB_BITS
    top, middle, low = (f"{name}_{limb}" for limb in range(LIMBS))
    middle_sum = f"({middle} + {low} / {base})"
    return (
        f"{top} + {middle_sum} / {base} AS {top}, "
        f"MOD({middle_sum}, {base}) AS {middle}, MOD({low}, {base}) AS {low}"
    )


_CARRIED = "symbol, `second`, open_key, close_key, high, low, trades, " + ", ".join(
    map(_carried, SUMS)
)
_MERGED = ", ".join(f"`{column}`" for column in (*PARTIAL_COLUMNS, "interval_ms", "final"))


def tumble(source: str, time: str, interval_ms: int) -> str:
    """The candles of one interval, final, out of shorter ones; ``wt`` is their event time."""
    return (
        f"SELECT {_CARRIED}, wt, {interval_ms} AS interval_ms, TRUE AS final FROM ("
        f"SELECT symbol, window_time AS wt, {_merge()} FROM TABLE(TUMBLE("
        f"TABLE {source}, DESCRIPTOR({time}), {interval(interval_ms)}))"
        f" GROUP BY symbol, window_start, window_end, window_time)"
    )


def cumulate(source: str, time: str, interval_ms: int) -> str:
    """The candles of one interval so far, with every step that had trades; the last is final.

    CUMULATE itself repeats a quiet symbol's candle with every step to the end of the window.
    """
    last_step = f"(EXTRACT(EPOCH FROM CAST(window_end AS TIMESTAMP_LTZ(3))) * 1000 - {STEP_MS})"
    return (
        f"SELECT {_CARRIED}, {interval_ms} AS interval_ms, final FROM ("
        f"SELECT symbol, window_end = window_start + {interval(interval_ms)} AS final, "
        f"MAX(`second`) >= {last_step} AS changed, {_merge()} "
        f"FROM TABLE(CUMULATE(TABLE {source}, DESCRIPTOR({time}), "
        f"{interval(STEP_MS)}, {interval(interval_ms)}))"
        " GROUP BY symbol, window_start, window_end) WHERE changed OR final"
    )


def forming(source: str, intervals_ms: Iterable[int]) -> str:
    """The candles of some intervals so far, with every partial candle that arrives."""
    partial = ", ".join(f"`{column}`" for column in PARTIAL_COLUMNS)
    windows = ", ".join(f"{ms}, `second` - MOD(`second`, {ms})" for ms in intervals_ms)
    so_far = (
        " OVER (PARTITION BY symbol, interval_ms, window_start ORDER BY proctime"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    )
    return (
        f"SELECT {_CARRIED}, interval_ms, FALSE AS final FROM ("
        f"SELECT symbol, interval_ms, {_merge(so_far)} FROM ("
        # A time attribute does not pass the join: it is made after it.
        f"SELECT {partial}, interval_ms, window_start, PROCTIME() AS proctime FROM {source}"
        f" CROSS JOIN UNNEST(MAP[{windows}]) AS windows (interval_ms, window_start)))"
    )


def publish(sources: Iterable[str]) -> str:
    """The statement that writes merged candles to the ``candles`` table."""
    names = " ".join(f"WHEN {ms} THEN '{name}'" for name, ms in {**SHORT, **LONG}.items())
    start = "(`second` - MOD(`second`, interval_ms))"
    sums = ", ".join(f"{_double(each)} AS {each}" for each in SUMS)
    union = " UNION ALL ".join(f"SELECT {_MERGED} FROM {source}" for source in sources)
    return (
        f"INSERT INTO candles SELECT symbol, CASE interval_ms {names} END AS `interval`, "
        f"{start} AS `start`, {start} + interval_ms AS `end`, {_price('open_key')} AS `open`, "
        f"high, low, {_price('close_key')} AS `close`, volume, notional, "
        "notional / volume AS vwap, trades, "
        f"buy_volume, final, 0 AS revision, {NOW_MS} AS updated_at "
        "FROM (SELECT symbol, `second`, interval_ms, open_key, close_key, high, low, trades, "
        f"final, {sums} FROM ({union}))"
    )


def _price(key: str) -> str:
    return f"CAST(SPLIT_INDEX({key}, '{PRICE_MARK}', 1) AS DOUBLE)"


def _double(name: str) -> str:
    """The double nearest to a sum in limbs.

    One addition rounds, the others are exact: below 512 of the top limb, top and middle fit into a
    double together. Above, the low limb is far under half a unit of the result, so that only
    whether it is 0 matters: a bit below the middle one's last stands for it.
    """
    top, middle, low = (
        f"CAST({name}_{limb} AS DOUBLE) * CAST({unit!r} AS DOUBLE)"
        for limb, unit in enumerate(UNITS)
    )
    sticky = f"CASE WHEN {name}_2 > 0 THEN CAST({UNITS[1] / 16!r} AS DOUBLE) ELSE 0E0 END"
    return (
        f"CASE WHEN {name}_0 < 512 THEN ({top} + {middle}) + {low}"
        f" ELSE {top} + ({middle} + {sticky}) END"
    )
