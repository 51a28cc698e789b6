"""A service for tests: filled by hand, no Kafka, served over real HTTP by uvicorn."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp

from api.app import create_app
from api.books import Books
from api.correlations import Correlations
from api.dead_letters import DeadLetters
from api.events import Events
from api.gateway.gateway import Gateway
from api.ledger import Ledger
from api.live import build as live
from api.live.hub import Hub
from api.live.metrics import LiveMetrics
from api.live.past import Past
from api.live.seats import Seats
from api.metrics import Metrics
from api.newest import Newest
from api.quality import Quality
from api.reader import Reading
from api.records import (
    Account,
    Alert,
    Anomaly,
    Book,
    Candle,
    DeadLetter,
    Flow,
    Indicators,
    Interval,
    Level,
    Source,
    Trend,
    Undelivered,
)
from api.server import configured
from api.service import Service
from api.settings import Settings
from api.store import CandleStore, Store
from api.webhooks.webhooks import Webhooks

MINUTE = 60_000
TOPICS = (
    *("candles", "dead_letters", "ledger", "order_flow", "book"),
    *(
        "indicators",
        "analyzed_market_trends",
        "anomalies",
        "quality",
        "correlations",
        "late_trades",
    ),
)
NOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z


@dataclass
class Clock:
    """The time as the test sets it."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass
class HandReader:
    """A reader that reads nothing and says what the test tells it to."""

    reading: Reading = field(
        default_factory=lambda: Reading(
            answered_at=NOW, caught_up=True, lag=dict.fromkeys(TOPICS, 0)
        )
    )
    running: bool = False

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False


def make_service(
    clock: Callable[[], int] | None = None,
    reader: HandReader | None = None,
    webhooks: Webhooks | None = None,
    settings: Settings | None = None,
) -> Service:
    settings = settings or Settings()
    clock = clock or Clock()
    bounds = settings.max_candles, settings.max_symbols
    events = settings.max_events, settings.max_total_events
    metrics = Metrics()
    store = CandleStore("candles", *bounds, settings.max_total_candles)
    flows = Store[Flow]("order flow", *bounds, settings.max_total_flows)
    indicators = Store[Indicators]("indicators", *bounds, settings.max_total_indicators)
    trends = Store[Trend]("trends", *bounds, settings.max_total_trends)
    anomalies = Events[Anomaly]("anomalies", *events)
    quality = Quality(*events)
    books = Books(settings.max_symbols)
    alerts = Newest[Alert](settings.max_alerts, lambda alert: alert.key)
    rows = settings.stream_snapshot_rows
    past = Past(store, flows, indicators, trends, anomalies, quality, books, alerts, rows)
    limits = live.limits(settings)
    return Service(
        settings,
        store,
        flows,
        indicators,
        trends,
        anomalies,
        quality,
        Events("late trades", *events),
        Correlations(),
        books,
        DeadLetters(settings.max_dead_letters),
        Ledger(),
        alerts,
        Newest[Undelivered](settings.max_alerts, lambda each: each.key),
        metrics,
        reader or HandReader(),
        webhooks or Webhooks(),
        Hub(live.kinds(settings), past, limits, LiveMetrics(metrics.registry), clock),
        Seats(limits.clients, limits.clients_of_one),
        Gateway.build(settings, metrics, clock),
        clock,
    )


def candle(
    symbol: str = "BTC/USD",
    interval: Interval = "1m",
    start: int = NOW,
    close: float = 101.5,
    *,
    final: bool = True,
    revision: int = 0,
    updated_at: int = NOW,
    length: int = MINUTE,
) -> Candle:
    return Candle(
        symbol=symbol,
        interval=interval,
        start=start,
        end=start + length,
        open=100.0,
        high=max(102.0, close),
        low=min(99.5, close),
        close=close,
        volume=10.0,
        notional=1_010.0,
        vwap=101.0,
        trades=7,
        buy_volume=4.0,
        final=final,
        revision=revision,
        updated_at=updated_at,
    )


def flow(start: int = NOW, symbol: str = "BTC/USD", *, final: bool = True, orders: int = 3) -> Flow:
    return Flow(
        symbol=symbol,
        interval="1m",
        start=start,
        end=start + MINUTE,
        buy_orders=orders,
        sell_orders=1,
        buy_cancels=2,
        sell_cancels=0,
        buy_replaces=0,
        sell_replaces=0,
        buy_fills=0,
        sell_fills=0,
        buy_quantity=5.0,
        sell_quantity=0.5,
        buy_notional=500.0,
        sell_notional=50.5,
        buy_filled=0.0,
        sell_filled=0.0,
        order_flow_imbalance=0.8,
        cancel_ratio=0.5,
        order_to_trade_ratio=None,
        fill_ratio=0.0,
        final=final,
        revision=0,
        updated_at=NOW,
    )


def book(symbol: str = "BTC/USD", best_bid: float | None = 101.5) -> Book:
    bids = [] if best_bid is None else [Level(best_bid, 0.5, 2)]
    return Book(
        symbol=symbol,
        time=NOW,
        best_bid=best_bid,
        best_ask=None,
        spread=None,
        mid=None,
        bids=bids,
        asks=[],
        bid_depth=0.5 * len(bids),
        ask_depth=0.0,
        imbalance=1.0 if bids else None,
        open_orders=2,
        ignored=0,
        expired=0,
        updated_at=NOW,
    )


def dead_letter(offset: int = 0, reason: str = "invalid_json", topic: str = "trades") -> DeadLetter:
    return DeadLetter(topic, 0, offset, 0, reason, "expected '{'", "AAEC", NOW)


def alert(
    n: int = 0, rule: str = "price shock", symbol: str = "BTC/USD", updated_at: int = NOW
) -> Alert:
    """An alert of the moment ``n`` ms from now."""
    return Alert(
        id=f"{rule}/{symbol}/{NOW + n}",
        symbol=symbol,
        timestamp=NOW + n,
        rule=rule,
        kind="price",
        interval=None,
        value=-7.24,
        threshold=6.0,
        text=f"{rule}: {symbol} price z -7.24 reached 6",
        cause={"symbol": symbol, "z": -7.24},
        updated_at=updated_at,
    )


def undelivered(n: int = 0, target: str = "desk", reason: str = "unavailable") -> Undelivered:
    return Undelivered(target, reason, "answered 503", 5, NOW, NOW + 1, alert(n))


def source(partition: int = 0, topic: str = "trades", /, **counts: int) -> Source:
    """Counts of a partition; those that are not given are 0."""
    names = ("messages", "records", "candles", "duplicates", "late", "rejected")
    return Source(topic, partition, **(dict.fromkeys(names, 0) | counts))


def account(
    shard: int,
    *sources: Source,
    duplicates: dict[str, int] | None = None,
    updated_at: int = NOW,
) -> Account:
    return Account(shard, list(sources), duplicates or {}, updated_at)


@contextmanager
def served(service: Service, port: int = 0, app: ASGIApp | None = None) -> Iterator[str]:
    """Serve the service's application, or another one, until the block ends; gives the address."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        server = uvicorn.Server(configured(app or create_app(service), "127.0.0.1", port))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_until(lambda: server.started)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Return as soon as the condition holds; fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s"
        time.sleep(0.01)
