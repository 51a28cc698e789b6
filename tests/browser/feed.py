"""Rows for a service in the browser's tests, as if they came over Kafka."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from api.intake import Intake
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
    Outage,
    Totals,
    Trend,
)
from api.service import Service


class Message(NamedTuple):
    """A message of Kafka."""

    offset: int
    value: bytes | None


@dataclass
class Feed:
    """Gives rows to memory and streams, one partition a topic; ``read_all`` lets streams begin."""

    service: Service
    offsets: dict[str, int] = field(default_factory=dict)

    def read_all(self) -> None:
        """The reader has read the past."""
        self.service.hub.look({}, [intake.topic for intake in self.intakes().values()])

    def intakes(self) -> dict[type, Intake[Any]]:
        """What takes in each kind of row."""
        service = self.service
        quality = msgspec.json.Decoder(Gap | Outage | FatFinger | Totals)
        kinds: dict[str, tuple[Any, Any]] = {
            "candles": (Candle, service.store.put),
            "order_flow": (Flow, service.flows.put),
            "book": (Book, service.books.put),
            "indicators": (Indicators, service.indicators.put),
            "analyzed_market_trends": (Trend, service.trends.put),
            "anomalies": (Anomaly, service.anomalies.put),
            "correlations": (Correlation, service.correlations.put),
            "alerts": (Alert, service.alerts.put),
            "dead_letters": (DeadLetter, service.dead_letters.put),
            "ledger": (Account, service.ledger.put),
        }
        found: dict[type, Intake[Any]] = {
            kind: Intake(topic, msgspec.json.Decoder(kind), put)
            for topic, (kind, put) in kinds.items()
        }
        of_quality = Intake("quality", quality, service.quality.put)
        return found | dict.fromkeys((Gap, Outage, FatFinger, Totals), of_quality)

    def send(self, *rows: object) -> None:
        """One poll of rows of one kind."""
        intake = self.intakes()[type(rows[0])]
        first = self.offsets.get(intake.topic, 0)
        messages = [Message(first + n, msgspec.json.encode(row)) for n, row in enumerate(rows)]
        self.offsets[intake.topic] = first + len(rows)
        self.service.hub.take(intake, 0, messages)
