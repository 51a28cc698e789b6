"""Indicators, trends, anomalies, quality, outages, late trades and correlations."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query

from api.event_pages import EventWalk
from api.models import (
    AnomaliesModel,
    CorrelationsModel,
    IndicatorsModel,
    LateTradesModel,
    OutagesModel,
    QualityModel,
    TrendsModel,
)
from api.parameters import (
    AnomalyParameters,
    CorrelationParameters,
    IndicatorParameters,
    OutageParameters,
    QualityParameters,
    SpanParameters,
)
from api.quality import silent_ms
from api.records import FatFinger, Gap, Outage, Totals
from api.responses import JSON
from api.routes.candles import Symbol
from api.service import Serving
from api.window_pages import WindowWalk

router = APIRouter(prefix="/api", tags=["analytics"])


@router.get("/indicators/{symbol:path}", response_model=IndicatorsModel)
def indicators(
    service: Serving, symbol: Symbol, asked: Annotated[IndicatorParameters, Query()]
) -> JSON:
    """Indicators of the closed candles of a symbol, ascending by start; of many, the newest."""
    rows, onward = WindowWalk("indicators", symbol, asked).page(service.indicators, asked.interval)
    names = [name.strip() for name in asked.names.split(",") if name.strip()]
    found = [
        {
            "start": row.start,
            "end": row.end,
            "close": row.close,
            "values": {k: v for k, v in row.values.items() if _is_asked(k, names)},
            "updated_at": row.updated_at,
        }
        for row in rows
    ]
    return JSON({"symbol": symbol, "interval": asked.interval, "indicators": found, "next": onward})


@router.get("/trends/{symbol:path}", response_model=TrendsModel)
def trends(service: Serving, symbol: Symbol, asked: Annotated[SpanParameters, Query()]) -> JSON:
    """What each minute of a symbol came to, ascending by start; beyond the limit, the newest."""
    rows, onward = WindowWalk("trends", symbol, asked).page(service.trends, "1m")
    return JSON({"symbol": symbol, "trends": rows, "next": onward})


@router.get("/anomalies/{symbol:path}", response_model=AnomaliesModel)
def anomalies(
    service: Serving, symbol: Symbol, asked: Annotated[AnomalyParameters, Query()]
) -> JSON:
    """Trades and candles of a symbol far from those before, ascending by time; the newest."""
    found, onward = EventWalk("anomalies", symbol, asked).page(
        each
        for each in service.anomalies.of(symbol)
        if asked.kind in (None, each.kind) and asked.severity in (None, each.severity)
    )
    return JSON({"symbol": symbol, "anomalies": found, "next": onward})


@router.get("/quality/{symbol:path}", response_model=QualityModel)
def quality(service: Serving, symbol: Symbol, asked: Annotated[QualityParameters, Query()]) -> JSON:
    """What was counted of a symbol, and its gaps and prices far off; of many, the newest."""
    every = service.quality.of(symbol)
    totals = next((each for each in every if isinstance(each, Totals)), None)
    events, onward = EventWalk("quality", symbol, asked).page(
        each
        for each in every
        if not isinstance(each, Totals)
        and asked.kind in (None, "gap" if isinstance(each, Gap) else "fat_finger")
    )
    outages = service.quality.outages()
    found = [_with_silence(each, outages) for each in events]
    return JSON({"symbol": symbol, "totals": totals, "events": found, "next": onward})


@router.get("/outages", response_model=OutagesModel)
def outages(service: Serving, asked: Annotated[OutageParameters, Query()]) -> JSON:
    """When nothing of any symbol came over a partition, ascending by time; of many, the newest."""
    found, onward = EventWalk("outages", "", asked).page(
        each for each in service.quality.outages() if asked.topic in (None, each.topic)
    )
    return JSON({"outages": found, "next": onward})


@router.get("/late/{symbol:path}", response_model=LateTradesModel)
def late(service: Serving, symbol: Symbol, asked: Annotated[SpanParameters, Query()]) -> JSON:
    """Trades of a symbol too late to correct their candles, ascending by time; the newest."""
    found, onward = EventWalk("late trades", symbol, asked).page(service.late.of(symbol))
    return JSON({"symbol": symbol, "late_trades": found, "next": onward})


@router.get("/correlations", response_model=CorrelationsModel)
def correlations(service: Serving, asked: Annotated[CorrelationParameters, Query()]) -> JSON:
    """How the returns of symbols go together, the strongest pairs first."""
    names = [name.strip() for name in asked.symbols.split(",") if name.strip()]
    newest = service.correlations.newest
    return JSON(
        {
            "timestamp": newest and newest.timestamp,
            "window": newest and newest.window,
            "left_out": newest.left_out if newest else 0,
            "pairs": service.correlations.pairs(names, asked.least, asked.limit),
        }
    )


def _with_silence(event: Gap | FatFinger, outages: list[Outage]) -> Any:
    """The event; if it is a gap, with how long of it the whole partition was silent."""
    if not isinstance(event, Gap):
        return event
    return {**msgspec.to_builtins(event), "partition_silent": silent_ms(event, outages)}


def _is_asked(name: str, names: list[str]) -> bool:
    return not names or any(name == each or name.startswith(f"{each}_") for each in names)
