"""A service that has something of everything."""

import msgspec
from pydantic import SecretStr

from api.records import Correlation
from api.service import Service
from api.settings import Settings
from tests.api.harness import (
    MINUTE,
    NOW,
    account,
    alert,
    book,
    candle,
    dead_letter,
    flow,
    make_service,
    source,
    undelivered,
)
from tests.api.test_analytics import anomaly, finger, gap, indicators, outage, totals, trend
from tests.api.test_late import late_trade

SYMBOL = "BTC/USD"


def filled_service() -> Service:
    """Some rows of one symbol, with holes, and the last of them forming."""
    service = make_service(settings=Settings(github_secret=SecretStr("of the hooks, for tests")))
    starts = [NOW + n * MINUTE for n in range(30) if n % 7]
    service.store.put(candle(start=start, final=start < starts[-1]) for start in starts)
    service.flows.put(flow(start) for start in starts)
    service.indicators.put(indicators(start) for start in starts)
    service.trends.put(trend(start) for start in starts)
    service.anomalies.put(anomaly(n) for n in range(9))
    service.quality.put([totals(), gap(5), finger(3), outage(10 * MINUTE, MINUTE)])
    service.late.put(late_trade(n) for n in range(9))
    service.books.put([book()])
    service.alerts.put(alert(n) for n in range(9))
    service.undelivered.put([undelivered()])
    service.dead_letters.put(map(dead_letter, range(9)))
    service.ledger.put([account(0, source(messages=3, records=3, candles=3))])
    message = {
        "symbol": SYMBOL,
        "timestamp": NOW,
        "window": 60,
        "returns": 60,
        "correlations": {"ETH/USD": 0.5},
        "fewer": {},
        "left_out": 0,
        "updated_at": NOW,
    }
    service.correlations.put([msgspec.convert(message, Correlation)])
    return service
