"""Indicators, trends, anomalies, quality, outages, late trades and correlations."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response

from api import errors, history
from api.event_pages import EventWalk
from api.history import Answers, Page
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
    HistoryParameters,
    IndicatorParameters,
    OutageParameters,
    QualityParameters,
    SpanParameters,
)
from api.quality import silent_ms
from api.records import Anomaly, FatFinger, Gap, IndicatorsOfCandle, Outage, Totals, Trend
from api.responses import JSON
from api.routes.candles import Symbol
from api.service import Serving
from api.window_pages import WindowWalk

router = APIRouter(prefix="/api", tags=["analytics"])


@router.get(
    "/indicators/{symbol:path}", response_model=IndicatorsModel, responses=history.RESPONSES
)
def indicators(
    service: Serving,
    answer: Answers,
    symbol: Symbol,
    asked: Annotated[IndicatorParameters, Query()],
) -> Response:
    """Indicators of the closed candles of a symbol, ascending by start; of many, the newest."""
    rows, onward = WindowWalk("indicators", symbol, asked).page(service.indicators, asked.interval)
    names = [name.strip() for name in asked.names.split(",") if name.strip()]
    found = [
        IndicatorsOfCandle(
            row.start,
            row.end,
            row.close,
            {k: v for k, v in row.values.items() if _is_asked(k, names)},
            row.updated_at,
        )
        for row in rows
    ]
    page = Page(
        *("indicators", symbol, asked.interval, IndicatorsOfCandle, found, onward),
        closed=True,
        spread="values",
    )
    return answer(asked, page)


@router.get("/trends/{symbol:path}", response_model=TrendsModel, responses=history.RESPONSES)
def trends(
    service: Serving,
    answer: Answers,
    symbol: Symbol,
    asked: Annotated[HistoryParameters, Query()],
) -> Response:
    """What each minute of a symbol came to, ascending by start; beyond the limit, the newest."""
    found, onward = WindowWalk("trends", symbol, asked).page(service.trends, "1m")
    closed = all(each.final for each in found)
    return answer(asked, Page("trends", symbol, None, Trend, found, onward, closed))


@router.get("/anomalies/{symbol:path}", response_model=AnomaliesModel, responses=history.RESPONSES)
def anomalies(
    service: Serving,
    answer: Answers,
    symbol: Symbol,
    asked: Annotated[AnomalyParameters, Query()],
) -> Response:
    """Trades and candles of a symbol far from those before, ascending by time; the newest."""
    found, onward = EventWalk("anomalies", symbol, asked).page(
        each
        for each in service.anomalies.of(symbol)
        if asked.kind in (None, each.kind) and asked.severity in (None, each.severity)
    )
    return answer(asked, Page("anomalies", symbol, None, Anomaly, found, onward))


@router.get("/quality/{symbol:path}", response_model=QualityModel, responses=errors.OF_SYMBOL)
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


@router.get("/outages", response_model=OutagesModel, responses=errors.OF_LIST)
def outages(service: Serving, asked: Annotated[OutageParameters, Query()]) -> JSON:
    """When nothing of any symbol came over a partition, ascending by time; of many, the newest."""
    found, onward = EventWalk("outages", "", asked).page(
        each for each in service.quality.outages() if asked.topic in (None, each.topic)
    )
    return JSON({"outages": found, "next": onward})


@router.get("/late/{symbol:path}", response_model=LateTradesModel, responses=errors.OF_SYMBOL)
def late(service: Serving, symbol: Symbol, asked: Annotated[SpanParameters, Query()]) -> JSON:
    """Trades of a symbol too late to correct their candles, ascending by time; the newest."""
    found, onward = EventWalk("late trades", symbol, asked).page(service.late.of(symbol))
    return JSON({"symbol": symbol, "late_trades": found, "next": onward})


@router.get("/correlations", response_model=CorrelationsModel, responses=errors.OF_LIST)
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
