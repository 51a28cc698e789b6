"""A market that fills every panel of the page."""

import math
from random import Random

from api.records import Candle, Correlation, Level
from tests.api.harness import MINUTE, NOW, account, alert, book, candle, dead_letter, flow, source
from tests.browser.feed import Feed
from tests.browser.makers import anomaly, fat_finger, gap, indicators, outage

CHOSEN = "BTC/USD"
NAMES = ("ADA", "AVAX", "BTC", "DOGE", "DOT", "ETH", "LINK", "LTC", "MATIC", "SOL", "TRX", "XRP")
SYMBOLS = [f"{name}/USD" for name in NAMES]
MINUTES = 240


def walk(random: Random, symbol: str, minutes: int, first: float = 100.0) -> list[Candle]:
    """Candles of a random walk in cents, the last one forming."""
    found = []
    price = first
    for n in range(minutes):
        opened = price
        price = round(price * (1 + random.gauss(0, 0.0015)), 2)
        row = candle(symbol, start=NOW + n * MINUTE, close=price, final=n < minutes - 1)
        row.open = opened
        row.high = round(max(opened, price) * (1 + abs(random.gauss(0, 0.0006))), 2)
        row.low = round(min(opened, price) * (1 - abs(random.gauss(0, 0.0006))), 2)
        row.volume = round(random.lognormvariate(2, 0.5), 2)
        row.trades = random.randint(50, 400)
        row.vwap = round((row.open + row.high + row.low + row.close) / 4, 2)
        found.append(row)
    return found


def fill(feed: Feed, seed: int = 5, symbols: list[str] = SYMBOLS) -> None:
    random = Random(seed)
    for symbol in symbols:
        rows = walk(random, symbol, MINUTES)
        feed.send(*rows)
        if symbol == CHOSEN:
            chosen = rows
    end = NOW + MINUTES * MINUTE
    for n, row in enumerate(chosen[:-1]):
        each = indicators(row.start, round(50 + 25 * math.sin(n / 11), 2))
        mean = sum(other.close for other in chosen[max(0, n - 9) : n + 1]) / len(
            chosen[max(0, n - 9) : n + 1]
        )
        macd = math.sin(n / 13) / 4
        each.values |= {
            "bollinger_upper_10_2.5": mean + 0.8,
            "bollinger_middle_10": mean,
            "bollinger_lower_10_2.5": mean - 0.8,
            "vwap_session": sum(other.close for other in chosen[: n + 1]) / (n + 1),
            "macd_5_13": macd,
            "macd_signal_5_13_4": math.sin(n / 13 - 0.4) / 4,
            "macd_histogram_5_13_4": macd - math.sin(n / 13 - 0.4) / 4,
        }
        feed.send(each)
    for n, symbol in enumerate(symbols):
        values = {
            other: None if other.startswith("LTC") else round(random.uniform(-0.6, 1), 4)
            for other in symbols[n + 1 :]
        }
        feed.send(Correlation(symbol, end, 60, 60, values, {}, 0, NOW))
    for n in range(14):
        time = end - (n * 9 + 3) * MINUTE + 5_000
        severity = random.choice(["minor", "minor", "major", "critical"])
        feed.send(anomaly(time, round(random.uniform(100, 104), 2), severity))
    feed.send(gap(end - 40 * MINUTE), gap(end - 15 * MINUTE, 31_000), outage(end - 15 * MINUTE))
    feed.send(fat_finger(end - 70 * MINUTE))
    last = chosen[-1].close
    full = book(CHOSEN, round(last - 0.02, 2))
    for side, sign in ((full.bids, -1), (full.asks, 1)):
        side[:] = [
            Level(round(last + sign * 0.02 * (n + 1), 2), round(random.uniform(0.2, 4), 2), n + 1)
            for n in range(5)
        ]
    full.best_ask, full.spread, full.mid = full.asks[0].price, 0.04, last
    full.imbalance, full.open_orders = 0.31, 1_204
    feed.send(full)
    for n in range(60):
        each_flow = flow(end - (60 - n) * MINUTE, CHOSEN, final=n < 59)
        each_flow.buy_quantity = round(random.lognormvariate(2, 0.5), 2)
        each_flow.sell_quantity = round(random.lognormvariate(2, 0.5), 2)
        feed.send(each_flow)
    feed.send(*(alert(n * 61_000, symbol=random.choice(symbols)) for n in range(8)))
    feed.send(*(dead_letter(n) for n in range(312)))
    feed.send(account(9_999, source(records=1_204_000)), account(0, source(late=12)))
