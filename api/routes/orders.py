"""Order flow and books."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.models import BookModel, FlowsModel
from api.parameters import WindowParameters
from api.responses import JSON
from api.routes.candles import Symbol, windows
from api.service import Serving

router = APIRouter(prefix="/api", tags=["orders"])


@router.get("/order-flow/{symbol:path}", response_model=FlowsModel)
def order_flow(
    service: Serving, symbol: Symbol, asked: Annotated[WindowParameters, Query()]
) -> JSON:
    """Order flow of a symbol, ascending by start; beyond the limit, the newest."""
    return windows(service.flows, "order_flow", symbol, asked)


@router.get("/book/{symbol:path}", response_model=BookModel)
def book(service: Serving, symbol: Symbol) -> JSON:
    """The best five prices of each side, of the orders that are open now."""
    return JSON(service.books.of(symbol))
