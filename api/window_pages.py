"""Pages of what has windows: candles, order flows, and what is made of them."""

import msgspec

from api.paging import Walk
from api.parameters import SpanParameters
from api.records import Interval
from api.series import R
from api.store import Store

STARTS = msgspec.json.Decoder(int)


class WindowWalk(Walk[int]):
    """A walk through windows, which are told apart by their start."""

    def __init__(self, name: str, symbol: str, asked: SpanParameters) -> None:
        super().__init__(name, symbol, asked, STARTS)
        self.symbol = symbol
        self.since = asked.since
        self.until = asked.until if self.place is None else self.place
        """Up to where the windows of this page begin, ms; None is up to the newest."""

    def page(
        self, store: Store[R], interval: Interval, final: bool | None = None
    ) -> tuple[list[R], str | None]:
        """The rows of this page of the span, ascending by start, and the cursor of the next.

        Raises:
            UnknownSymbolError: Nothing is kept of the symbol.
        """
        rows = store.rows(
            self.symbol,
            interval,
            since=self.since,
            until=self.until,
            final=final,
            limit=self.limit + 1,
        )
        return self.cut(rows, lambda row: row.start)
