"""Candles, aggregations and symbols."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api import fill
from api.models import AggregationsModel, CandlesModel, SymbolsModel
from api.parameters import CandleParameters, SymbolParameters, WindowParameters
from api.responses import JSON
from api.series import R
from api.service import Serving
from api.silence import Silence
from api.store import Store
from api.window_pages import WindowWalk

router = APIRouter(prefix="/api", tags=["candles"])

# A symbol may hold slashes (BTC/USD), plain or percent-encoded: hence {symbol:path}.
Symbol = Annotated[str, Path(description="The symbol as in /api/symbols", examples=["BTC/USD"])]


def windows(store: Store[R], name: str, symbol: str, asked: WindowParameters) -> JSON:
    """The rows of a symbol that are asked for, under this name."""
    found, onward = WindowWalk(name, symbol, asked).page(store, asked.interval, asked.final)
    return JSON({"symbol": symbol, "interval": asked.interval, name: found, "next": onward})


@router.get("/symbols", response_model=SymbolsModel)
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


@router.get("/candles/{symbol:path}", response_model=CandlesModel)
def candles(service: Serving, symbol: Symbol, asked: Annotated[CandleParameters, Query()]) -> JSON:
    """Candles of a symbol, ascending by start; where there are more than the limit, the newest."""
    if asked.fill == "none":
        return windows(service.store, "candles", symbol, asked)
    found, onward = fill.page(
        WindowWalk("candles", symbol, asked),
        service.store,
        asked.interval,
        final=asked.final,
        fill=asked.fill,
        silence=Silence(service.quality.outages()),
    )
    return JSON({"symbol": symbol, "interval": asked.interval, "candles": found, "next": onward})


@router.get("/aggregations/{symbol:path}", response_model=AggregationsModel)
def aggregations(service: Serving, symbol: Symbol) -> JSON:
    """The newest candle of every interval there is of a symbol, forming ones included."""
    return JSON({"symbol": symbol, "intervals": service.store.newest(symbol)})
