"""Coinbase Exchange: https://docs.cdp.coinbase.com/exchange."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from scripts.exchanges.adapter import Control, Event, Malformed, Query, Refused, Trades
from scripts.exchanges.trade import Side, Trade, Whole

EXCHANGE = "COINBASE"
PAGE = 1_000
"""Trades in an answer of REST, at most."""
PAUSE_S = 0.1
"""REST allows ten requests a second."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

Time = Annotated[datetime, msgspec.Meta(tz=True)]
_TAKER: dict[Side, Side] = {"buy": "sell", "sell": "buy"}
"""Coinbase says which side the maker was on, in the feed and over REST alike."""


class _Head(msgspec.Struct):
    type: str
    product_id: str = ""
    message: str = ""
    reason: str = ""


class _Match(msgspec.Struct):
    """The same in the feed and over REST."""

    trade_id: Whole
    price: float
    size: float
    side: Side
    time: str  # a datetime that is not strict may be a number


# Prices and sizes are strings: hence not strict.
_head = msgspec.json.Decoder(_Head)
_match = msgspec.json.Decoder(_Match, strict=False)
_matches = msgspec.json.Decoder(list[_Match], strict=False)


@dataclass(frozen=True)
class Coinbase:
    """Its channel of matches; the last match comes first, so a gap is seen at once.

    Attributes:
        symbols: Products, as BTC-USD.
        url: Of the feed.
        rest_url: Of the REST API.
    """

    symbols: tuple[str, ...]
    url: str
    rest_url: str

    exchange = EXCHANGE

    @property
    def headers(self) -> Mapping[str, str]:
        """None: the market's data is public."""
        return {}

    @property
    def greetings(self) -> tuple[str, ...]:
        """Nothing comes before one has subscribed."""
        asked = {"type": "subscribe", "product_ids": self.symbols, "channels": ["matches"]}
        return (msgspec.json.encode(asked).decode(),)

    def parse(self, frame: bytes) -> Event:
        """A trade is a match of a subscribed product.

        What is no JSON is taken for a broken trade too: nothing else was subscribed to.
        """
        try:
            head = _head.decode(frame)
        except (msgspec.DecodeError, UnicodeError) as error:
            return Malformed(str(error))
        if head.type == "error":
            return Refused(": ".join(filter(None, (head.message, head.reason))))
        if head.type not in ("match", "last_match"):
            return Control(is_answer=head.type == "subscriptions")
        if head.product_id not in self.symbols:
            return Control()
        try:
            return Trades((_made(head.product_id, _match.decode(frame)),))
        except (msgspec.DecodeError, UnicodeError, ValueError) as error:
            return Malformed(str(error), head.product_id)

    def missing(self, symbol: str, ids: range) -> Query:
        """Pages go backwards, from before an id."""
        limit = min(len(ids), PAGE)
        return Query(f"/products/{symbol}/trades", {"after": ids.stop, "limit": limit})

    def page(self, symbol: str, body: bytes) -> list[Trade]:
        """The newest comes first: it is turned round."""
        try:
            return [_made(symbol, each) for each in reversed(_matches.decode(body))]
        except ValueError as error:
            raise msgspec.ValidationError(str(error)) from error

    def known(self, symbol: str) -> Query:
        """The product."""
        return Query(f"/products/{symbol}")

    def is_unknown(self, status: int, body: bytes) -> bool:
        """It is not found."""
        return status == 404

    def pause(self, headers: Mapping[str, str]) -> float:
        """The same after each."""
        return PAUSE_S


def _made(symbol: str, match: _Match) -> Trade:
    """A trade; raises ValueError for what JSON has no number for."""
    timestamp = (msgspec.convert(match.time, Time) - EPOCH) // MILLISECOND
    taker = _TAKER[match.side]
    return Trade(symbol, match.price, match.size, timestamp, taker, match.trade_id, EXCHANGE)
