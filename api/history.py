"""How a page of history is answered: in which format, and whether the caller has it already."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from fastapi import Depends, Request
from fastapi.responses import Response

from api import caching, errors, formats, tables
from api.formats import MEDIA_TYPES
from api.parameters import HistoryParameters
from api.records import Interval
from api.service import Serving

ODD = re.compile(r"[^A-Za-z0-9.]+")  # in the names of files


CSV_EXAMPLE = """\
"start","end","close","updated_at"
1767225600000,1767225660000,87533.41,1767225662120
"""
BINARY = {"schema": {"type": "string", "format": "binary"}}
RESPONSES: errors.Responses = {
    200: {
        "description": "The page, in the format that was asked for",
        "content": {
            MEDIA_TYPES["csv"]: {"schema": {"type": "string"}, "example": CSV_EXAMPLE},
            MEDIA_TYPES["arrow"]: BINARY,
            MEDIA_TYPES["parquet"]: BINARY,
        },
    },
    304: {"description": "The caller has it, as its If-None-Match says"},
    **errors.OF_SYMBOL,
}


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one kind, to be answered.

    ``closed`` says that all of them are final. Numbers in the column ``spread`` have columns of
    their own in a table.
    """

    name: str
    symbol: str
    interval: Interval | None
    kind: type[msgspec.Struct]
    rows: Sequence[msgspec.Struct]
    next: str | None
    closed: bool = False
    spread: str | None = None


class Answering:
    """Answers a request with pages."""

    def __init__(self, request: Request, service: Serving) -> None:
        self._request = request
        self._clock = service.clock

    def __call__(self, asked: HistoryParameters, page: Page) -> Response:
        """The page as it is asked for, or 304 where the caller has it."""
        headers = self._request.headers
        chosen = formats.choose(asked.format, headers.get("accept", ""))
        if chosen == "json":
            body = _json(page)
        else:
            rows = tables.table(page.kind, page.rows)
            body = tables.WRITERS[chosen](tables.spread(rows, page.spread) if page.spread else rows)
        response = Response(body, media_type=MEDIA_TYPES[chosen], headers={"Vary": "Accept"})
        if chosen != "json":
            named = [page.name, page.symbol, page.interval]
            name = "_".join(ODD.sub("-", part) for part in named if part)
            disposition = f'attachment; filename="{name}.{chosen}"'
            response.headers["Content-Disposition"] = disposition
            if page.next:
                onward = {**self._request.query_params, "cursor": page.next}
                response.headers["Link"] = f'<?{urlencode(onward)}>; rel="next"'
        is_past = None not in (asked.since, asked.until) and (asked.until or 0) <= self._clock()
        if not page.closed or not is_past:
            return response
        return caching.tagged(response, headers, (page.next or "").encode())


Answers = Annotated[Answering, Depends(Answering)]


def _json(page: Page) -> bytes:
    of = {"symbol": page.symbol}
    if page.interval:
        of["interval"] = page.interval
    return msgspec.json.encode({**of, page.name: page.rows, "next": page.next})
