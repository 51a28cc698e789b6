"""The newest rows of every series, out of the memory that REST answers from."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from api.books import Books
from api.events import Events
from api.live.channels import CHANNELS
from api.live.subscription import Subscription
from api.newest import Newest
from api.quality import Quality
from api.records import Alert, Anomaly, Flow, Indicators, Interval, Trend
from api.store import CandleStore, Store

Rows = dict[str, list[Any]]
"""The rows of each channel that has any."""
Symbols = Collection[str]


@dataclass(frozen=True)
class Past:
    """Reads what is kept; ``max_rows`` in one snapshot, but one of each series always."""

    candles: CandleStore
    flows: Store[Flow]
    indicators: Store[Indicators]
    trends: Store[Trend]
    anomalies: Events[Anomaly]
    quality: Quality
    books: Books
    alerts: Newest[Alert]
    max_rows: int

    def rows(self, asked: Subscription, count: int) -> Rows:
        """The newest ``count`` rows of each series that is asked for, ascending in each.

        Where that would be too many in all, there are fewer of each.
        """
        if count == 0:
            return {}
        symbols = sorted(asked.symbols)
        series = len(asked.channels) * (len(symbols) or self.candles.size().symbols or 1)
        count = max(1, min(count, self.max_rows // series))
        found = {
            channel: self._of(channel)(symbols, count)
            for channel in CHANNELS
            if channel in asked.channels
        }
        return {channel: rows for channel, rows in found.items() if rows}

    def _of(self, channel: str) -> Callable[[Symbols, int], list[Any]]:
        name, _, interval = channel.partition(".")
        windowed: dict[str, tuple[Store[Any], bool]] = {
            "candles": (self.candles, False),
            "finals": (self.candles, True),
            "indicators": (self.indicators, False),
            "order_flow": (self.flows, False),
            "trends": (self.trends, False),
        }
        if name in windowed:
            store, final = windowed[name]
            length: Interval = interval or "1m"  # type: ignore[assignment]
            return lambda symbols, count: store.tails(length, symbols, count, final=final)
        plain: dict[str, Callable[[Symbols, int], list[Any]]] = {
            "anomalies": self.anomalies.tails,
            "quality": self.quality.tails,
            "book": lambda symbols, _: self.books.some(symbols),
            "alerts": self._alerts,
        }
        return plain[name]

    def _alerts(self, symbols: Symbols, count: int) -> list[Alert]:
        left: dict[str, int] = {}
        found = []
        for alert in self.alerts.newest():
            if symbols and alert.symbol not in symbols:
                continue
            left[alert.symbol] = left.get(alert.symbol, count) - 1
            if left[alert.symbol] >= 0:
                found.append(alert)
        return found[::-1]
