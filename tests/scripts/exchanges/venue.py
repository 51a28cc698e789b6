"""Exchanges on loopback: WebSocket and REST on one port, and the test says what they do."""

import asyncio
import http
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlsplit

import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State

from scripts.exchanges.adapter import Adapter
from scripts.exchanges.binance import Binance, Stream
from scripts.exchanges.coinbase import Coinbase
from scripts.exchanges.trade import Side, Trade

NOON = 1_767_268_800_000  # 2026-01-01 12:00 UTC


@dataclass
class Answer:
    """Of REST, in place of the true one."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"


class Venue:
    """An exchange that holds every trade that was made, and sends those it is told to.

    Attributes:
        clients: Connections that are open and subscribed.
        opened: How many there ever were.
        asked: Paths of REST that were asked for, with their queries.
        answers: What REST says next, before it speaks the truth.
        rest_is_away: Whether REST breaks every connection off.
    """

    EXCHANGE: ClassVar[str]

    def __init__(self, *symbols: str) -> None:
        self.symbols = symbols
        self.history: dict[str, list[Trade]] = {symbol: [] for symbol in symbols}
        self.clients: list[ServerConnection] = []
        self.opened = 0
        self.asked: list[str] = []
        self.answers: deque[Answer] = deque()
        self.rest_is_away = False
        self.port = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        async with serve(
            self._serve,
            "127.0.0.1",
            0,
            process_request=self._request,
            compression=None,
            ping_interval=None,
            close_timeout=0.2,
        ) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            yield self

    def make(self, symbol: str, side: Side = "buy") -> Trade:
        """A trade is made, and nobody is told."""
        past = self.history[symbol]
        number = 1_000 + len(past)
        price = 100.0 + number % 17 / 8
        trade = Trade(symbol, price, 0.25, NOON + 10 * number, side, number, self.EXCHANGE)
        past.append(trade)
        return trade

    async def tell(self, *trades: Trade) -> None:
        """All clients are told of trades."""
        for trade in trades:
            await self.say(self.frame(trade))

    async def say(self, frame: bytes) -> None:
        """All clients are sent a frame of text."""
        for client in tuple(self.clients):
            with suppress(ConnectionClosed):
                await client.send(frame, text=True)

    def cut(self, frame: bytes, at: int) -> None:
        """All connections break within a frame, after so many bytes of it."""
        raw = Frame(Opcode.TEXT, frame).serialize(mask=False)
        for client in self.clients:
            _write(client, raw[: at % len(raw)])
            client.transport.close()
        self.clients.clear()

    async def drip(self, frame: bytes) -> None:
        """A frame comes byte by byte."""
        clients = tuple(self.clients)  # one that comes meanwhile would get half of it
        for byte in Frame(Opcode.TEXT, frame).serialize(mask=False):
            for client in clients:
                _write(client, bytes([byte]))
            await asyncio.sleep(0)

    def mute(self) -> None:
        """Connections stay open, but nothing is answered any more, not even a ping."""
        for client in self.clients:
            client.transport.pause_reading()
        self.clients.clear()

    async def close(self, code: int = 1001) -> None:
        """All connections are closed."""
        closing, self.clients = self.clients, []
        for client in closing:
            await client.close(code)

    def adapter(self) -> Adapter:
        raise NotImplementedError

    def frame(self, trade: Trade) -> bytes:
        """As the exchange says it."""
        raise NotImplementedError

    async def greet(self, connection: ServerConnection) -> None:
        """What comes before trades."""

    def rest(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        """What REST answers to a request."""
        raise NotImplementedError

    async def _serve(self, connection: ServerConnection) -> None:
        await self.greet(connection)
        self.clients.append(connection)
        self.opened += 1
        try:
            await connection.wait_closed()
        finally:
            if connection in self.clients:
                self.clients.remove(connection)

    def _request(self, connection: ServerConnection, request: Request) -> Response | None:
        if "Upgrade" in request.headers:
            return None
        self.asked.append(request.path)
        if self.rest_is_away:
            connection.transport.abort()
            return None
        if self.answers:
            answer = self.answers.popleft()
            return _response(answer.status, answer.body, answer.headers)
        url = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        status, body = self.rest(url.path, query)
        return _response(status, msgspec.json.encode(body), {})


def _write(client: ServerConnection, raw: bytes) -> None:
    if client.state is State.OPEN:
        client.transport.write(raw)


def _response(status: int, body: bytes, headers: dict[str, str]) -> Response:
    sent = Headers({"Content-Length": str(len(body)), "Connection": "close", **headers})
    return Response(status, http.HTTPStatus(status).phrase, sent, body)


class BinanceVenue(Venue):
    EXCHANGE = "BINANCE"

    def __init__(self, *symbols: str, stream: Stream = "trade") -> None:
        super().__init__(*(symbols or ("BTCUSDT",)))
        self.stream = stream

    def adapter(self) -> Binance:
        host = f"127.0.0.1:{self.port}"
        return Binance(self.symbols, self.stream, f"ws://{host}", f"http://{host}")

    def frame(self, trade: Trade) -> bytes:
        ids = {"t": trade.trade_id} if self.stream == "trade" else self._agg_ids(trade)
        data = {
            "e": self.stream,
            "E": trade.timestamp + 3,
            "s": trade.symbol,
            **ids,
            "p": f"{trade.price:.8f}",
            "q": f"{trade.quantity:.8f}",
            "T": trade.timestamp,
            "m": trade.side == "sell",
            "M": True,
        }
        name = f"{trade.symbol.lower()}@{self.stream}"
        return msgspec.json.encode({"stream": name, "data": data})

    def _agg_ids(self, trade: Trade) -> dict[str, int]:
        return {"a": trade.trade_id, "f": 2 * trade.trade_id, "l": 2 * trade.trade_id + 1}

    def rest(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        past = self.history.get(query["symbol"])
        if past is None:
            return 400, {"code": -1121, "msg": "Invalid symbol."}
        if path == "/api/v3/exchangeInfo":
            return 200, {"symbols": [{"symbol": query["symbol"]}]}
        assert path == f"/api/v3/{'historicalTrades' if self.stream == 'trade' else 'aggTrades'}"
        found = (each for each in past if each.trade_id >= int(query["fromId"]))
        return 200, [self._old(each) for each in _first(found, int(query["limit"]))]

    def _old(self, trade: Trade) -> dict[str, Any]:
        if self.stream == "trade":
            return {
                "id": trade.trade_id,
                "price": f"{trade.price:.8f}",
                "qty": f"{trade.quantity:.8f}",
                "quoteQty": "1.0",
                "time": trade.timestamp,
                "isBuyerMaker": trade.side == "sell",
                "isBestMatch": True,
            }
        return {
            **self._agg_ids(trade),
            "p": f"{trade.price:.8f}",
            "q": f"{trade.quantity:.8f}",
            "T": trade.timestamp,
            "m": trade.side == "sell",
            "M": True,
        }


class CoinbaseVenue(Venue):
    EXCHANGE = "COINBASE"

    def __init__(self, *symbols: str) -> None:
        super().__init__(*(symbols or ("BTC-USD",)))

    def adapter(self) -> Coinbase:
        host = f"127.0.0.1:{self.port}"
        return Coinbase(self.symbols, f"ws://{host}", f"http://{host}")

    async def greet(self, connection: ServerConnection) -> None:
        asked = msgspec.json.decode(await connection.recv())
        assert (asked["type"], asked["channels"]) == ("subscribe", ["matches"])
        unknown = [each for each in asked["product_ids"] if each not in self.history]
        if unknown:
            refusal = {
                "type": "error",
                "message": "Failed to subscribe",
                "reason": f"{unknown[0]} is not a valid product",
            }
            return await connection.send(msgspec.json.encode(refusal), text=True)
        subscribed = {"name": "matches", "product_ids": asked["product_ids"]}
        answer = {"type": "subscriptions", "channels": [subscribed]}
        await connection.send(msgspec.json.encode(answer), text=True)
        for past in self.history.values():
            if past:
                last = self.frame(past[-1]).replace(b'"match"', b'"last_match"')
                await connection.send(last, text=True)

    def frame(self, trade: Trade) -> bytes:
        about = {
            "type": "match",
            "sequence": 50 + 7 * trade.trade_id,
            "product_id": trade.symbol,
            "maker_order_id": "ac928c66-ca53-498f-9c13-a110027a60e8",
            "taker_order_id": "132fb6ae-456b-4654-b4e0-d681ac05cea1",
        }
        return msgspec.json.encode({**about, **self._match(trade)})

    def _match(self, trade: Trade) -> dict[str, Any]:
        time = datetime.fromtimestamp(trade.timestamp / 1_000, UTC)
        return {
            "trade_id": trade.trade_id,
            "price": f"{trade.price:.8f}",
            "size": f"{trade.quantity:.8f}",
            "side": "sell" if trade.side == "buy" else "buy",
            "time": f"{time:%Y-%m-%dT%H:%M:%S.%f}Z",
        }

    def rest(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        parts = path.split("/")
        past = self.history.get(parts[2])
        if past is None:
            return 404, {"message": "NotFound"}
        if len(parts) == 3:
            return 200, {"id": parts[2]}
        older = (each for each in reversed(past) if each.trade_id < int(query["after"]))
        return 200, [self._match(each) for each in _first(older, int(query["limit"]))]


def _first(trades: Iterable[Trade], limit: int) -> list[Trade]:
    return [trade for trade, _ in zip(trades, range(min(limit, 1_000)), strict=False)]
