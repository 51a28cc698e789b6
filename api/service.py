"""What the routes work with."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Self

import msgspec
from fastapi import Depends
from fastapi.requests import HTTPConnection

from api.books import Books
from api.correlations import Correlations
from api.dead_letters import DeadLetters
from api.events import Events
from api.feed import Feed
from api.gateway.gateway import Gateway
from api.intake import Intake
from api.ledger import OUTCOMES, Ledger
from api.live import build as live
from api.live.hub import Hub
from api.live.metrics import LiveMetrics
from api.live.past import Past
from api.live.seats import Seats
from api.metrics import Metrics
from api.newest import Newest
from api.quality import Quality
from api.reader import Reader
from api.readiness import Readiness, judge
from api.records import (
    Account,
    Alert,
    Anomaly,
    Book,
    Candle,
    Correlation,
    DeadLetter,
    FatFinger,
    Flow,
    Gap,
    Indicators,
    LateTrade,
    Outage,
    Totals,
    Trend,
    Undelivered,
)
from api.settings import Settings
from api.store import CandleStore, Store
from api.webhooks.webhooks import Webhooks

REPLAYED_CORRELATIONS = 10_000
"""Only the newest minute counts, and of many symbols each message is long."""


def wall_clock() -> int:
    """The time, ms since the epoch."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of one running service."""

    settings: Settings
    store: CandleStore
    flows: Store[Flow]
    indicators: Store[Indicators]
    trends: Store[Trend]
    anomalies: Events[Anomaly]
    quality: Quality
    late: Events[LateTrade]
    correlations: Correlations
    books: Books
    dead_letters: DeadLetters
    ledger: Ledger
    alerts: Newest[Alert]
    undelivered: Newest[Undelivered]
    metrics: Metrics
    reader: Reader
    webhooks: Webhooks
    hub: Hub
    seats: Seats
    gateway: Gateway
    clock: Callable[[], int] = wall_clock

    @classmethod
    def build(cls, settings: Settings) -> Self:
        """Put the parts together; nothing runs yet.

        Raises:
            AlertsFileError: The alerts file is not valid.
        """
        bounds = settings.max_candles, settings.max_symbols
        store = CandleStore("candles", *bounds, settings.max_total_candles)
        flows = Store[Flow]("order flow", *bounds, settings.max_total_flows)
        indicators = Store[Indicators]("indicators", *bounds, settings.max_total_indicators)
        trends = Store[Trend]("trends", *bounds, settings.max_total_trends)
        events = settings.max_events, settings.max_total_events
        anomalies = Events[Anomaly]("anomalies", *events)
        quality = Quality(*events)
        late = Events[LateTrade]("late trades", *events)
        correlations = Correlations()
        books = Books(settings.max_symbols)
        dead_letters = DeadLetters(settings.max_dead_letters)
        ledger = Ledger()
        alerts = Newest[Alert](settings.max_alerts, lambda alert: alert.key)
        undelivered = Newest[Undelivered](settings.max_alerts, lambda each: each.key)
        metrics = Metrics()
        intakes: list[Intake[Any]] = [
            Intake(settings.candles_topic, msgspec.json.Decoder(Candle), store.put),
            Intake(settings.dead_letters_topic, msgspec.json.Decoder(DeadLetter), dead_letters.put),
            Intake(settings.ledger_topic, msgspec.json.Decoder(Account), ledger.put),
            Intake(settings.order_flow_topic, msgspec.json.Decoder(Flow), flows.put),
            Intake(settings.book_topic, msgspec.json.Decoder(Book), books.put),
            Intake(settings.indicators_topic, msgspec.json.Decoder(Indicators), indicators.put),
            Intake(settings.trends_topic, msgspec.json.Decoder(Trend), trends.put),
            Intake(settings.anomalies_topic, msgspec.json.Decoder(Anomaly), anomalies.put),
            Intake(settings.late_trades_topic, msgspec.json.Decoder(LateTrade), late.put),
            Intake(
                settings.correlations_topic,
                msgspec.json.Decoder(Correlation),
                correlations.put,
                REPLAYED_CORRELATIONS,
            ),
            Intake(
                settings.quality_topic,
                msgspec.json.Decoder(Gap | Outage | FatFinger | Totals),
                quality.put,
            ),
        ]
        if settings.alerts_file:
            # Where alerts are off, their topics need not be there.
            intakes += [
                Intake(settings.alerts_topic, msgspec.json.Decoder(Alert), alerts.put),
                Intake(
                    settings.undelivered_alerts_topic,
                    msgspec.json.Decoder(Undelivered),
                    undelivered.put,
                ),
            ]
        limits = live.limits(settings)
        past = Past(
            store,
            flows,
            indicators,
            trends,
            anomalies,
            quality,
            books,
            alerts,
            settings.stream_snapshot_rows,
        )
        streams = LiveMetrics(metrics.registry)
        hub = Hub(live.kinds(settings), past, limits, streams, wall_clock)
        gateway = Gateway.build(settings, metrics, wall_clock)
        if gateway.hooks.is_on:
            intakes.append(gateway.hooks.intake())
        reader = Feed(settings, intakes, hub, metrics, wall_clock)
        return cls(
            settings,
            store,
            flows,
            indicators,
            trends,
            anomalies,
            quality,
            late,
            correlations,
            books,
            dead_letters,
            ledger,
            alerts,
            undelivered,
            metrics,
            reader,
            Webhooks.build(settings, metrics, wall_clock),
            hub,
            Seats(limits.clients, limits.clients_of_one),
            gateway,
        )

    def __post_init__(self) -> None:
        """Let Prometheus see what is held and how current it is."""
        gauges: dict[str, tuple[str, Callable[[], float]]] = {
            "symbols": ("Symbols kept", lambda: self.store.size().symbols),
            "candles": ("Candles kept", lambda: self.store.size().rows),
            "series_limit": (
                "Most candles kept of one symbol and interval",
                lambda: self.store.size().limit,
            ),
            "order_flows": ("Order flows kept", lambda: self.flows.size().rows),
            "indicators": ("Indicators kept", lambda: self.indicators.size().rows),
            "trends": ("Trends kept", lambda: self.trends.size().rows),
            "anomalies": ("Anomalies kept", lambda: len(self.anomalies)),
            "quality_events": ("Quality events kept", lambda: len(self.quality)),
            "late_trades": ("Late trades kept", lambda: len(self.late)),
            "correlations": ("Pairs of symbols kept", lambda: len(self.correlations)),
            "books": ("Books kept", lambda: len(self.books)),
            "alerts": ("Alerts kept", lambda: len(self.alerts)),
            "undelivered_alerts": (
                "Alerts kept that webhooks were not given",
                lambda: len(self.undelivered),
            ),
            "events": ("Events of hooks kept", lambda: len(self.gateway.hooks.events)),
            "dead_letters": ("Dead letters kept", lambda: len(self.dead_letters)),
            "ready": ("1 if the service is ready", lambda: not self.readiness().reasons),
            "freshness_seconds": ("Age of the newest candle's update", self._freshness),
        }
        for name, (meaning, value) in gauges.items():
            self.metrics.watch(f"tapeline_api_{name}", meaning, value)
        for outcome in OUTCOMES:
            gauge = self.metrics.ledger.labels(outcome)
            gauge.set_function(partial(self._records, outcome))

    def readiness(self) -> Readiness:
        """Whether the service may be asked for candles, now."""
        return judge(
            self.reader.reading, self.store.updated_at, self.clock(), self.settings.stale_after_ms
        )

    def _freshness(self) -> float:
        age = self.readiness().freshness_ms
        return math.nan if age is None else age / 1_000

    def _records(self, outcome: str) -> float:
        return float(getattr(self.ledger.total(), outcome))


def _of(request: HTTPConnection) -> Service:
    service = request.app.state.service
    assert isinstance(service, Service)
    return service


Serving = Annotated[Service, Depends(_of)]
