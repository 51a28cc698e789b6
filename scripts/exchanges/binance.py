"""Binance's spot market: https://github.com/binance/binance-spot-api-docs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from scripts.exchanges.adapter import Closing, Control, Event, Malformed, Query, Refused, Trades
from scripts.exchanges.trade import Side, Trade, Whole

Stream = Literal["trade", "aggTrade"]

EXCHANGE = "BINANCE"
MOST_STREAMS = 1_024
"""Of one connection."""
PAGE = 1_000
"""Trades in an answer of REST, at most."""
HEAVY = 4_800
"""Of the 6,000 of weight that REST allows a minute; other programs have the same address."""
HEAVY_PAUSE_S = 10.0
MICROSECONDS = 10**14
"""No time in ms is as great for 3,000 years."""
INVALID_SYMBOL = -1_121


class _Envelope(msgspec.Struct):
    stream: str
    data: msgspec.Raw


class _Trade(msgspec.Struct, tag_field="e", tag="trade"):
    s: str
    t: Whole
    p: float
    q: float
    T: Whole
    m: bool


class _AggTrade(msgspec.Struct, tag_field="e", tag="aggTrade"):
    s: str
    a: Whole
    f: Whole
    l: Whole  # noqa: E741  # Binance's name
    p: float
    q: float
    T: Whole
    m: bool


class _OldTrade(msgspec.Struct):
    id: Whole
    price: float
    qty: float
    time: Whole
    isBuyerMaker: bool


class _OldAggTrade(msgspec.Struct):
    a: Whole
    p: float
    q: float
    T: Whole
    m: bool


class _Error(msgspec.Struct):
    code: int
    msg: str


class _Reply(msgspec.Struct):
    """To a request of ours, or to one that was not understood."""

    id: int | str | None = None
    code: int | None = None
    msg: str = ""
    error: _Error | None = None


# Prices and quantities are strings: hence not strict.
_envelope = msgspec.json.Decoder(_Envelope)
_live = msgspec.json.Decoder(_Trade | _AggTrade, strict=False)
_old = msgspec.json.Decoder(list[_OldTrade], strict=False)
_old_agg = msgspec.json.Decoder(list[_OldAggTrade], strict=False)
_reply = msgspec.json.Decoder(_Reply)
_error = msgspec.json.Decoder(_Error)


@dataclass(frozen=True)
class Binance:
    """Its trades, or its aggregate trades: those of one taker at one price and time as one.

    Attributes:
        symbols: As BTCUSDT, in capitals.
        stream: Which of both.
        base_url: Of the streams, without a path.
        rest_url: Of the REST API.
        api_key: Some hosts ask for one before they give trades of the past.
    """

    symbols: tuple[str, ...]
    stream: Stream
    base_url: str
    rest_url: str
    api_key: str = ""

    exchange = EXCHANGE
    greetings = ()

    @property
    def url(self) -> str:
        """With all streams in it: Binance sends them all over one connection."""
        streams = "/".join(f"{symbol.lower()}@{self.stream}" for symbol in self.symbols)
        return f"{self.base_url.rstrip('/')}/stream?streams={streams}"

    @property
    def headers(self) -> Mapping[str, str]:
        """With the key, if there is one."""
        return {"X-MBX-APIKEY": self.api_key} if self.api_key else {}

    def parse(self, frame: bytes) -> Event:
        """A trade is what stands in the envelope of a subscribed stream.

        What is no JSON is taken for a broken trade too: nothing else was subscribed to.
        """
        try:
            envelope = _envelope.decode(frame)
        except msgspec.ValidationError:
            return self._reply(frame)
        except (msgspec.DecodeError, UnicodeError) as error:
            return Malformed(str(error))
        symbol, _, stream = envelope.stream.partition("@")
        symbol = symbol.upper()
        if envelope.stream == "!serverShutdown":
            return Closing()
        if stream != self.stream or symbol not in self.symbols:
            return Control()
        try:
            return Trades((self._trade(symbol, envelope.data),))
        except (msgspec.DecodeError, UnicodeError, ValueError) as error:
            return Malformed(str(error), symbol)

    def _trade(self, symbol: str, data: msgspec.Raw) -> Trade:
        found = _live.decode(data)
        if found.s != symbol:
            raise ValueError(f"a trade of {found.s} in the stream of {symbol}")
        if isinstance(found, _Trade):
            number, is_asked = found.t, self.stream == "trade"
        else:
            number, is_asked = found.a, self.stream == "aggTrade" and found.f <= found.l
        if not is_asked:
            raise ValueError(f"no {self.stream}")
        return _made(symbol, number, found.p, found.q, found.T, found.m)

    def _reply(self, frame: bytes) -> Event:
        try:
            reply = _reply.decode(frame)
        except (msgspec.DecodeError, UnicodeError) as error:
            return Malformed(str(error))
        if reply.error or reply.code is not None:
            message = reply.error.msg if reply.error else reply.msg
            return Refused(message or f"error {reply.code}")
        return Control(is_answer=reply.id is not None)

    def missing(self, symbol: str, ids: range) -> Query:
        """Pages go forward, from an id on."""
        name = "historicalTrades" if self.stream == "trade" else "aggTrades"
        limit = min(len(ids), PAGE)
        return Query(f"/api/v3/{name}", {"symbol": symbol, "fromId": ids.start, "limit": limit})

    def page(self, symbol: str, body: bytes) -> list[Trade]:
        """The oldest first, as it comes."""
        try:
            if self.stream == "trade":
                return [
                    _made(symbol, each.id, each.price, each.qty, each.time, each.isBuyerMaker)
                    for each in _old.decode(body)
                ]
            return [
                _made(symbol, each.a, each.p, each.q, each.T, each.m)
                for each in _old_agg.decode(body)
            ]
        except ValueError as error:
            raise msgspec.ValidationError(str(error)) from error

    def known(self, symbol: str) -> Query:
        """The rules of trading it."""
        return Query("/api/v3/exchangeInfo", {"symbol": symbol})

    def is_unknown(self, status: int, body: bytes) -> bool:
        """There is a code for it."""
        try:
            return status == 400 and _error.decode(body).code == INVALID_SYMBOL
        except msgspec.DecodeError:
            return False

    def pause(self, headers: Mapping[str, str]) -> float:
        """Weight counts by the minute, so it is asked less as that is used up."""
        used = headers.get("x-mbx-used-weight-1m", "")
        return HEAVY_PAUSE_S if used.isdigit() and int(used) >= HEAVY else 0.0


def _made(
    symbol: str, number: int, price: float, quantity: float, time: int, buyer_is_maker: bool
) -> Trade:
    """A trade; raises ValueError for what JSON has no number for."""
    timestamp = time // 1_000 if time >= MICROSECONDS else time
    side: Side = "sell" if buyer_is_maker else "buy"
    return Trade(symbol, price, quantity, timestamp, side, number, EXCHANGE)
