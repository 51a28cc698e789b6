"""Trades from Kafka messages: the columns of the valid ones, the others with their reason.

A message holds one JSON object, a JSON array of objects, or objects separated by newlines. Each
object is a record of its own: a broken one is rejected by itself and the others still count.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from udfs import scanner
from udfs.buffers import buffers_of, chunk_end
from udfs.columns import joined
from udfs.grammar import ODD
from udfs.reasons import Field, Reason, texts
from udfs.rejects import COLUMNS, END, REASON, ROW, START, Reject, Rejects, in_order

TRADE = np.dtype(
    [
        ("timestamp", "i8"),  # ms since epoch
        ("price", "f8"),
        ("quantity", "f8"),
        ("id_high", "u8"),  # the last 16 bytes of trade_id, right-aligned
        ("id_low", "u8"),
        ("offset", "i8"),  # of the Kafka record
        ("source", "i4"),  # topic index * 65536 + partition
        ("row", "i4"),  # the Kafka record's place in its batch
        ("symbol", "i4"),  # code into the batch's symbols
        ("exchange", "i2"),  # code into the batch's exchanges; -1: none
        ("side", "u1"),  # scanner.BUY or scanner.SELL
        ("id_length", "u1"),  # bytes of trade_id; 0: none
    ]
)
"""One trade, 64 bytes."""

INLINE_ID_BYTES = 16
"""Ids up to this length stand in the record itself."""


def _wrong_with(reject: Reject) -> tuple[str, str]:
    return texts(reject.reason, Field(reject.field))


NO_REJECTS = Rejects(np.empty((0, COLUMNS), np.int64), np.empty(0, np.uint8), _wrong_with)


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch of messages held."""

    trades: NDArray[np.void]
    """(n,) of TRADE."""
    symbols: list[str]
    exchanges: list[str]
    ids: NDArray[np.uint8]
    """The bytes of all trade ids, in the order of the trades."""
    rejects: Rejects = NO_REJECTS
    crossed: tuple[int, ...] = ()
    """Of each symbol, how many trades are stamped later than their Kafka record; none if empty."""


def decode(
    messages: pa.BinaryArray,
    times_ms: NDArray[np.int64],
    sources: NDArray[np.int32],
    offsets: NDArray[np.int64],
    max_ahead_ms: int,
) -> list[Batch]:
    """Decodes and validates Kafka records; never raises on what they hold.

    Args:
        messages: the n values; null is a record without a value. They are read where they lie.
        times_ms: (n,) the timestamps of the Kafka records.
        sources: (n,) where they come from: topic index * 65536 + partition.
        offsets: (n,) their offsets.
        max_ahead_ms: how far a trade's timestamp may be ahead of its record's.

    Returns:
        One batch, or several where the messages are large. Rows count from the first message.
    """
    data, places = buffers_of(messages)
    latest_ms = times_ms + max_ahead_ms
    batches = []
    first = 0
    while first < len(messages):
        last = chunk_end(places, first)
        batch, scanned = _decode_some(data, places[first : last + 1], latest_ms[first:last], first)
        rows = batch.trades["row"]
        batch.trades["source"] = sources[rows]
        batch.trades["offset"] = offsets[rows]
        batches.append(batch)
        first += scanned
    return batches


def _decode_some(
    data: NDArray[np.uint8],
    places: NDArray[np.int32],
    latest_ms: NDArray[np.int64],
    first_row: int,
) -> tuple[Batch, int]:
    """Decodes as many of the messages as the scratch has room for, and says how many."""
    n = places.size - 1
    room = int(places[-1] - places[0]) // scanner.SHORTEST_TRADE + 1
    trades = np.empty(room, TRADE)
    ids = np.empty((room, 2), np.int64)
    symbol_places, exchange_places = np.empty((2, scanner.MAX_NAMES, 2), np.int64)
    symbol_table, exchange_table = np.full((2, 2 * scanner.MAX_NAMES), -1, np.int32)
    found = np.empty((4 * n + 2 * scanner.MAX_RECORDS, 6), np.int64)
    n_trades, n_symbols, n_exchanges, n_rejects, scanned = scanner.scan(
        data,
        places,
        latest_ms,
        trades,
        ids,
        symbol_places,
        exchange_places,
        symbol_table,
        exchange_table,
        found,
        np.empty((3, 8), np.int64),
        np.empty(8),
        np.zeros(scanner.GAPS_SHAPE, np.uint64),
    )
    trades = trades[:n_trades]
    id_bytes = take_ids(data, ids[:n_trades], trades)
    symbols = _texts(data, symbol_places[:n_symbols])
    exchanges = _texts(data, exchange_places[:n_exchanges])

    # Copies, because there is room for many more.
    is_odd = found[:n_rejects, REASON] == ODD
    found, left = found[:n_rejects][~is_odd], found[:n_rejects][is_odd]
    if left.size:
        odd = _Odd(data, latest_ms, symbols, exchanges)
        are_whole = (left[:, START] == places[left[:, ROW]]) & (
            left[:, END] == places[left[:, ROW] + 1]
        )
        for (row, start, end, index, *_), is_whole in zip(
            left.tolist(), are_whole.tolist(), strict=True
        ):
            if is_whole:
                odd.add_message(row, start, end)
            else:
                odd.add_record(row, index, start, end)
        found = in_order(np.concatenate([found, odd.rejects()]))
        data = odd.data()
        if odd.rows:
            more, more_ids = odd.columns()
            trades = joined([trades, more])
            id_bytes = np.concatenate([id_bytes, more_ids])
    trades["row"] += first_row
    found[:, ROW] += first_row
    rejects = Rejects(found, data, _wrong_with)
    return Batch(trades, symbols, exchanges, id_bytes, rejects), scanned


def unread(payload: bytes) -> Rejects:
    """The reject of a message, alone in its batch, on which decoding failed."""
    found = np.array([[0, 0, len(payload), 0, Reason.INTERNAL_ERROR, Field.NONE]])
    return Rejects(found, np.frombuffer(payload, np.uint8), _wrong_with)


def _texts(data: NDArray[np.uint8], places: NDArray[np.int64]) -> list[str]:
    return [data[at : at + length].tobytes().decode() for at, length in places.tolist()]


@njit(cache=True)
def _copy_ids(data, places, trades, out):  # type: ignore[no-untyped-def]
    at = 0
    for i in range(places.shape[0]):
        start, length = places[i, 0], places[i, 1]
        high = low = np.uint64(0)
        for j in range(length):
            byte = data[start + j]
            out[at] = byte
            at += 1
            high = (high << np.uint64(8)) | (low >> np.uint64(56))
            low = (low << np.uint64(8)) | np.uint64(byte)
        trades[i].id_high = high
        trades[i].id_low = low
        trades[i].id_length = length


def take_ids(
    data: NDArray[np.uint8], places: NDArray[np.int64], trades: NDArray[np.void]
) -> NDArray[np.uint8]:
    """Sets the id columns of trades; returns the bytes of the ids, end to end.

    Args:
        data: the bytes that the ids are in.
        places: (n, 2) where each begins and its length.
        trades: (n,) of TRADE, changed in place.
    """
    out = np.empty(int(places[:, 1].sum()), np.uint8)
    _copy_ids(data, places, trades, out)
    return out


def where(trades: NDArray[np.void], wanted: NDArray[np.bool_]) -> NDArray[np.void]:
    """Those trades, of (n,) of TRADE, that are wanted, (n,): ``compress`` in half of its time."""
    out = np.empty(np.count_nonzero(wanted), TRADE)
    _keep(trades, wanted, out)
    return out


@njit(cache=True)
def _keep(trades, wanted, out):  # type: ignore[no-untyped-def]
    at = 0
    for i in range(trades.size):
        if wanted[i]:
            out[at] = trades[i]
            at += 1


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    where(np.zeros(1, TRADE), np.ones(1, np.bool_))
    decode(pa.array([b"{}"]), np.zeros(1, "i8"), np.zeros(1, "i4"), np.zeros(1, "i8"), 0)


# The careful path: what the scanner found odd, judged with Python's json.

_INVALID_JSON, _INVALID_UTF8 = object(), object()
"""In place of a value."""


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _integer(digits: str) -> int:
    # Python refuses to read more than 4,300 digits; past 100 any number is out of all bounds.
    return int(digits[:100])


_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_integer)


def _value(payload: bytes) -> Any:
    try:
        return msgspec.json.decode(payload)
    except msgspec.DecodeError as error:
        # msgspec is the faster judge, but refuses huge numbers and halves of surrogate pairs.
        if b"\\u" not in payload and "out of range" not in str(error):
            return _INVALID_UTF8 if _is_broken_text(payload) else _INVALID_JSON
    except UnicodeDecodeError:
        pass  # broken bytes, or an escaped half of a surrogate pair
    except RecursionError:
        return _INVALID_JSON
    try:
        return _decoder.decode(payload.decode())
    except UnicodeDecodeError:
        return _INVALID_UTF8
    except (ValueError, RecursionError):
        return _INVALID_JSON


def _is_broken_text(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return True
    return False


def _is_value(value: Any) -> bool:
    return value is not _INVALID_JSON and value is not _INVALID_UTF8


_NOWHERE = -1
"""In place of where a record begins."""


def _records(message: bytes) -> list[tuple[bytes, int, Any]]:
    """The records of a message: its bytes, where they begin, and the JSON value of each."""
    value = _value(message)
    if isinstance(value, list):
        # The scanner follows arrays whatever their elements are, but for one it could not follow.
        return [(json.dumps(element).encode(), _NOWHERE, element) for element in value] or [
            (message, 0, _INVALID_JSON)
        ]
    whole = [(message, 0, value)]
    if _is_value(value) or b"\n" not in message:
        return whole  # as nearly always
    lines = message.split(b"\n")
    starts = accumulate((len(line) + 1 for line in lines), initial=0)
    records = [
        (line, start, _value(line))
        for line, start in zip(lines, starts, strict=False)
        if line.strip(b" \t\r")
    ]
    if len(records) < 2:
        return whole
    # A cut array is one broken message, whatever its lines look like.
    judged = records[:1] if message.lstrip().startswith(b"[") else records
    return records if any(_is_value(each) for *_, each in judged) else whole


class _Odd:
    """Judges odd records: collects the trades among them, and the rejects."""

    def __init__(
        self,
        data: NDArray[np.uint8],
        latest_ms: NDArray[np.int64],
        symbols: list[str],
        exchanges: list[str],
    ) -> None:
        self._data = data
        self._view = data.data
        self._latest_ms = latest_ms
        self._symbol_codes = _Codes(symbols)
        self._exchange_codes = _Codes(exchanges)
        self.rows: list[tuple[Any, ...]] = []
        self._ids: list[bytes] = []
        self._rejects: list[tuple[int, ...]] = []
        self._more = bytearray()
        """The bytes of records that stand nowhere in the data."""

    def add_message(self, row: int, start: int, end: int) -> None:
        """Judges each record of a message."""
        for index, (text, at, value) in enumerate(_records(bytes(self._view[start:end]))):
            if at == _NOWHERE:
                at = self._data.size + len(self._more) - start
                self._more += text
            self._add(row, index, start + at, start + at + len(text), value)

    def add_record(self, row: int, index: int, start: int, end: int) -> None:
        """Judges one of the records of a message."""
        self._add(row, index, start, end, _value(bytes(self._view[start:end])))

    def _add(self, row: int, index: int, start: int, end: int, value: Any) -> None:
        verdict = _judge(value, int(self._latest_ms[row]))
        if isinstance(verdict, tuple):
            self._rejects.append((row, start, end, index, *verdict))
            return
        trade_id = verdict.get("trade_id")
        exchange = verdict.get("exchange")
        self._ids.append(b"" if trade_id is None else str(trade_id).encode())
        self.rows.append(
            (
                verdict["timestamp"],
                float(verdict["price"]),
                float(verdict["quantity"]),
                0,
                0,
                0,
                0,
                row,
                self._symbol_codes[verdict["symbol"]],
                -1 if exchange is None else self._exchange_codes[exchange],
                scanner.BUY if verdict["side"] == "buy" else scanner.SELL,
                0,
            )
        )

    def rejects(self) -> NDArray[np.int64]:
        """(n, 6) as ``Rejects.found``."""
        return np.array(self._rejects, np.int64).reshape(-1, COLUMNS)

    def data(self) -> NDArray[np.uint8]:
        """The bytes that these are in: those that were given, and perhaps more behind them."""
        if not self._more:
            return self._data
        data: NDArray[np.uint8] = np.concatenate([self._data, np.frombuffer(self._more, np.uint8)])
        data.setflags(write=False)  # as what was given: see ``buffers_of``
        return data

    def columns(self) -> tuple[NDArray[np.void], NDArray[np.uint8]]:
        """The trades found, and the bytes of their ids."""
        trades = np.array(self.rows, TRADE)
        lengths = [len(i) for i in self._ids]
        places = np.stack([np.cumsum([0, *lengths[:-1]]), np.array(lengths)], axis=1)
        data = np.frombuffer(b"".join(self._ids), np.uint8)
        return trades, take_ids(data, places, trades)


class _Codes(dict[str, int]):
    """Codes of names; a new name is appended to the list."""

    def __init__(self, names: list[str]) -> None:
        super().__init__((name, code) for code, name in enumerate(names))
        self._names = names

    def __missing__(self, name: str) -> int:
        self._names.append(name)
        self[name] = code = len(self._names) - 1
        return code


def _judge(value: Any, latest_ms: int) -> dict[str, Any] | tuple[Reason, Field]:
    """The verdict on a JSON value: the trade itself, or why it is none. As ``scanner._judge``."""
    if value is _INVALID_UTF8:
        return Reason.INVALID_UTF8, Field.NONE
    if value is _INVALID_JSON:
        return Reason.INVALID_JSON, Field.NONE
    if not isinstance(value, dict):
        return Reason.NOT_AN_OBJECT, Field.NONE
    for field, is_type, judge in _CHECKS:
        name = field.name.lower()
        given = value.get(name)
        if given is None and field in (Field.TRADE_ID, Field.EXCHANGE):
            continue
        if name not in value:
            return Reason.MISSING_FIELD, field
        if not is_type(given):
            return Reason.WRONG_TYPE, field
        reason = judge(given, value, latest_ms)
        if reason is not None:
            return reason, field
    return value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_short(text: str, limit: int) -> bool:
    """Whether a text has 1 to ``limit`` characters, all of which can be written as UTF-8."""
    return 1 <= len(text) <= limit and not any("\ud800" <= c <= "\udfff" for c in text)


def _judge_symbol(symbol: str, trade: dict[str, Any], latest_ms: int) -> Reason | None:
    return None if _is_short(symbol, scanner.MAX_SYMBOL_LENGTH) else Reason.INVALID_SYMBOL


def _judge_price(price: float, trade: dict[str, Any], latest_ms: int) -> Reason | None:
    return None if scanner.MIN_VALUE <= price <= scanner.MAX_VALUE else Reason.INVALID_PRICE


def _judge_quantity(quantity: float, trade: dict[str, Any], latest_ms: int) -> Reason | None:
    if not scanner.MIN_VALUE <= quantity <= scanner.MAX_VALUE:
        return Reason.INVALID_QUANTITY
    if float(trade["price"]) * float(quantity) > scanner.MAX_NOTIONAL:
        return Reason.INVALID_NOTIONAL
    return None


def _judge_timestamp(timestamp: int, trade: dict[str, Any], latest_ms: int) -> Reason | None:
    if timestamp < scanner.OLDEST_MS:
        return Reason.TIMESTAMP_TOO_OLD
    return Reason.TIMESTAMP_AHEAD if timestamp > latest_ms else None


def _judge_side(side: str, trade: dict[str, Any], latest_ms: int) -> Reason | None:
    return None if side in ("buy", "sell") else Reason.INVALID_SIDE


def _judge_trade_id(trade_id: str | int, trade: dict[str, Any], latest_ms: int) -> Reason | None:
    text = str(trade_id)
    limit = scanner.MAX_TRADE_ID_LENGTH
    short = _is_short(text, limit) and len(text.encode()) <= limit
    return None if short else Reason.INVALID_TRADE_ID


def _judge_exchange(exchange: str, trade: dict[str, Any], latest_ms: int) -> Reason | None:
    return None if _is_short(exchange, scanner.MAX_EXCHANGE_LENGTH) else Reason.INVALID_EXCHANGE


_CHECKS: tuple[tuple[Field, Callable[[Any], bool], Callable[..., Reason | None]], ...] = (
    (Field.SYMBOL, _is_text, _judge_symbol),
    (Field.PRICE, _is_number, _judge_price),
    (Field.QUANTITY, _is_number, _judge_quantity),
    (Field.TIMESTAMP, _is_integer, _judge_timestamp),
    (Field.SIDE, _is_text, _judge_side),
    (Field.TRADE_ID, lambda value: _is_text(value) or _is_integer(value), _judge_trade_id),
    (Field.EXCHANGE, _is_text, _judge_exchange),
)
