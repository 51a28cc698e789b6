"""Order flow and books."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api import errors, history
from api.history import Answers, Page
from api.models import BookModel, FlowsModel
from api.parameters import WindowParameters
from api.records import Flow
from api.responses import JSON
from api.routes.candles import Symbol
from api.service import Serving
from api.window_pages import WindowWalk

router = APIRouter(prefix="/api", tags=["orders"])


@router.get("/order-flow/{symbol:path}", response_model=FlowsModel, responses=history.RESPONSES)
def order_flow(
    service: Serving,
    answer: Answers,
    symbol: Symbol,
    asked: Annotated[WindowParameters, Query()],
) -> Response:
    """Order flow of a symbol, ascending by start; beyond the limit, the newest."""
    walk = WindowWalk("order_flow", symbol, asked)
    found, onward = walk.page(service.flows, asked.interval, asked.final)
    closed = all(each.final for each in found)
    return answer(asked, Page("order_flow", symbol, asked.interval, Flow, found, onward, closed))


@router.get("/book/{symbol:path}", response_model=BookModel, responses=errors.documented(404))
def book(service: Serving, symbol: Symbol) -> JSON:
    """The best five prices of each side, of the orders that are open now."""
    return JSON(service.books.of(symbol))
