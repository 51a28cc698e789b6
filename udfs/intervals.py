"""The intervals that candles are made of; their windows are aligned to UTC."""

SECOND_MS = 1_000
MINUTE_MS = 60_000

INTERVALS = {
    "1s": SECOND_MS,
    "10s": 10_000,
    "1m": MINUTE_MS,
    "5m": 300_000,
    "15m": 900_000,
    "1h": 3_600_000,
    "4h": 14_400_000,
    "1d": 86_400_000,
}
"""Every interval by name, the shortest first: its length in ms."""
MINUTE = list(INTERVALS).index("1m")
"""The place of a minute among them."""
