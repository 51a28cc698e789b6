"""Candles, aggregations and symbols."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from api import errors, fill, history
from api.history import Answers, Page
from api.models import AggregationsModel, CandlesModel, SymbolsModel
from api.parameters import CandleParameters, SymbolParameters
from api.records import Candle, FilledCandle
from api.responses import JSON
from api.service import Serving
from api.silence import Silence
from api.window_pages import WindowWalk

router = APIRouter(prefix="/api", tags=["candles"])

# A symbol may hold slashes (BTC/USD), plain or percent-encoded: hence {symbol:path}.
Symbol = Annotated[str, Path(description="The symbol as in /api/symbols", examples=["BTC/USD"])]


@router.get("/symbols", response_model=SymbolsModel, responses=errors.OF_LIST)
def symbols(service: Serving, asked: Annotated[SymbolParameters, Query()]) -> JSON:
    """Every symbol with its newest price, in alphabetical order."""
    total, found = service.store.summaries(asked.contains, asked.limit)
    rows = [
        {
            "symbol": each.symbol,
            "last": each.last,
            "time": each.time,
            "change": each.last / each.reference - 1 if each.reference else None,
            "since": each.since,
            "intervals": each.intervals,
        }
        for each in found
    ]
    return JSON({"total": total, "symbols": rows})


@router.get("/candles/{symbol:path}", response_model=CandlesModel, responses=history.RESPONSES)
def candles(
    service: Serving,
    answer: Answers,
    symbol: Symbol,
    asked: Annotated[CandleParameters, Query()],
) -> Response:
    """Candles of a symbol, ascending by start; where there are more than the limit, the newest."""
    walk = WindowWalk("candles", symbol, asked)
    found: list[Candle] | list[FilledCandle]
    if asked.fill == "none":
        kind: type[Candle] | type[FilledCandle] = Candle
        found, onward = walk.page(service.store, asked.interval, asked.final)
    else:
        kind = FilledCandle
        found, onward = fill.page(
            walk,
            service.store,
            asked.interval,
            final=asked.final,
            fill=asked.fill,
            silence=Silence(service.quality.outages()),
        )
    closed = all(each.final for each in found)
    return answer(asked, Page("candles", symbol, asked.interval, kind, found, onward, closed))


@router.get(
    "/aggregations/{symbol:path}",
    response_model=AggregationsModel,
    responses=errors.documented(404),
)
def aggregations(service: Serving, symbol: Symbol) -> JSON:
    """The newest candle of every interval there is of a symbol, forming ones included."""
    return JSON({"symbol": symbol, "intervals": service.store.newest(symbol)})
