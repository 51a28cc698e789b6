"""Rows of what is made of candles and trades, for the browser's tests."""

from api.records import Anomaly, FatFinger, Gap, Indicators, Interval, Outage
from tests.api.harness import MINUTE, NOW


def indicators(
    start: int = NOW, rsi: float | None = 54.1, interval: Interval = "1m", updated_at: int = NOW
) -> Indicators:
    """With other periods than the default ones, for names are found by how they begin."""
    values = {
        "sma_20": 100.5,
        "ema_20": 100.6,
        "rsi_9": rsi,
        "macd_5_13": 1.25,
        "macd_signal_5_13_4": 1.5,
        "macd_histogram_5_13_4": -0.25,
        "bollinger_upper_10_2.5": 103.5,
        "bollinger_middle_10": 101.0,
        "bollinger_lower_10_2.5": 98.5,
        "atr_14": 0.8,
        "vwap_session": 100.75,
        "vwap_20": 100.85,
    }
    return Indicators("BTC/USD", interval, start, start + MINUTE, 101.5, values, updated_at)


def anomaly(
    timestamp: int = NOW + 58 * MINUTE + 5_000, value: float = 101.2, severity: str = "major"
) -> Anomaly:
    where = "trades", 3, timestamp
    return Anomaly(
        *("BTC/USD", timestamp, "price", None, value, 99.8, 0.34, 4.117647, 3.0, severity, 100),
        *(*where, NOW),
    )


def rare_return(timestamp: int = NOW + 57 * MINUTE) -> Anomaly:
    return Anomaly(
        *("BTC/USD", timestamp, "return", "1m", -0.0123, 0.0001, 0.002, -6.2, 5.0, "minor", 60),
        *(None, None, None, NOW),
    )


def fat_finger(timestamp: int = NOW + 56 * MINUTE) -> FatFinger:
    return FatFinger("BTC/USD", timestamp, 912.0, 101.0, 8.03, 0.1, 100, "trades", 3, 7, NOW)


def gap(end: int = NOW + 59 * MINUTE, length: int = 6_200) -> Gap:
    return Gap("BTC/USD", end, end - length, end, length, 5_000, "trades", 3, 9, NOW)


def outage(end: int = NOW + 59 * MINUTE, length: int = 6_200) -> Outage:
    return Outage("", end, end - length, end, length, 5_000, "trades", 3, NOW)
