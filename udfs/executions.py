"""Executions: which FIX messages tell of a trade, and the trades that they tell of.

An ExecutionReport is a trade if it is new (ExecTransType 0) and tells of a fill: its ExecType is 1
(partial fill), 2 (fill) or F (trade). LastPx and LastShares are its price and quantity, ExecID its
id, LastMkt its exchange, TransactTime its time, or SendingTime where there is none.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from udfs import scanner
from udfs.fix import NO_TIME, Messages
from udfs.reasons import Reason
from udfs.rejects import Rejects, in_order
from udfs.trades import TRADE, Batch, take_ids

SYMBOL, EXEC_ID, LAST_MARKET, LAST_PRICE, LAST_QUANTITY = 55, 17, 30, 31, 32
LIMIT_PRICE, ORDER_QUANTITY = 44, 38
SIDE, TRANSACT_TIME, SENDING_TIME, EXEC_TYPE, EXEC_TRANS_TYPE = 54, 60, 52, 150, 20

FILLS = (b"1", b"2", b"F")
BUYS = (b"1", b"3")
"""Buy, and buy minus; what is sold short or crossed, or of no side that is told, is a sale."""

Faults = list[tuple[NDArray[np.bool_], Reason, int]]
"""Of each fault which messages have it, (n,), and the tag at fault; the first counts."""


def of_messages(
    messages: Messages,
    sent_ms: NDArray[np.int64],
    times_ms: NDArray[np.int64],
    sources: NDArray[np.int32],
    offsets: NDArray[np.int64],
    max_ahead_ms: int,
) -> tuple[Batch, NDArray[np.bool_], NDArray[np.bool_], Rejects]:
    """The trades among FIX messages, and what is wrong with the values of some.

    Args:
        messages: those of some Kafka records.
        sent_ms: (n,) of ``times_ms_of`` them.
        times_ms: the timestamps of all Kafka records, by row.
        sources: where they come from: see ``udfs.sources``.
        offsets: their offsets.
        max_ahead_ms: how far a message's time may be ahead of its record's.

    Returns:
        The trades; (n,) which messages are valid, and which of them are trades; and all rejects.
    """
    rows = messages.places[:, 0]
    is_fill = (messages.types == b"8") & np.isin(messages.character(EXEC_TYPE), FILLS)
    kind = messages.character(EXEC_TRANS_TYPE)
    is_trade = is_fill & (kind == b"0")
    price, quantity = messages.number(LAST_PRICE), messages.number(LAST_QUANTITY)
    with np.errstate(over="ignore", invalid="ignore"):
        notional = price * quantity
        asked = messages.number(LIMIT_PRICE) * messages.number(ORDER_QUANTITY)

    symbols, good_symbol = _names(messages.symbols, scanner.MAX_SYMBOL_LENGTH)
    exchanges, good_exchange = _names(messages.exchanges, scanner.MAX_EXCHANGE_LENGTH)
    symbol, exchange = messages.names.T
    faults: Faults = [
        ((symbol >= 0) & ~good_symbol[symbol], Reason.INVALID_SYMBOL, SYMBOL),
        (sent_ms < scanner.OLDEST_MS, Reason.TIMESTAMP_TOO_OLD, TRANSACT_TIME),
        (sent_ms > times_ms[rows] + max_ahead_ms, Reason.TIMESTAMP_AHEAD, TRANSACT_TIME),
        # A trade that is in candles cannot be taken out again.
        (is_fill & np.isin(kind, (b"1", b"2")), Reason.UNSUPPORTED_EXECUTION, EXEC_TRANS_TYPE),
        (asked > scanner.MAX_NOTIONAL, Reason.INVALID_NOTIONAL, ORDER_QUANTITY),
        (is_trade & np.isnan(price), Reason.MISSING_TAG, LAST_PRICE),
        (is_trade & np.isnan(quantity), Reason.MISSING_TAG, LAST_QUANTITY),
        (is_trade & ~_is_within(price), Reason.INVALID_PRICE, LAST_PRICE),
        (is_trade & ~_is_within(quantity), Reason.INVALID_QUANTITY, LAST_QUANTITY),
        (is_trade & (notional > scanner.MAX_NOTIONAL), Reason.INVALID_NOTIONAL, LAST_QUANTITY),
        (is_trade & ~_are_ids(messages), Reason.INVALID_TRADE_ID, EXEC_ID),
        (
            is_trade & (exchange >= 0) & ~good_exchange[exchange],
            Reason.INVALID_EXCHANGE,
            LAST_MARKET,
        ),
    ]
    is_valid, rejects = _judge(messages, faults)
    is_trade &= is_valid

    trades = np.zeros(np.count_nonzero(is_trade), TRADE)
    trades["timestamp"] = sent_ms[is_trade]
    trades["price"], trades["quantity"] = price[is_trade], quantity[is_trade]
    trades["row"] = rows[is_trade]
    trades["source"], trades["offset"] = sources[trades["row"]], offsets[trades["row"]]
    trades["symbol"], trades["exchange"] = symbol[is_trade], exchange[is_trade]
    is_buy = np.isin(messages.character(SIDE)[is_trade], BUYS)
    trades["side"] = np.where(is_buy, scanner.BUY, scanner.SELL)
    ids = take_ids(messages.data, messages.place(EXEC_ID)[is_trade].astype(np.int64), trades)
    return Batch(trades, symbols, exchanges, ids), is_valid, is_trade, rejects


def times_ms_of(messages: Messages) -> NDArray[np.int64]:
    """(n,) when each message says that it was, ms since epoch."""
    micros = messages.time(TRANSACT_TIME)
    times_ms: NDArray[np.int64] = (
        np.where(micros == NO_TIME, messages.time(SENDING_TIME), micros) // 1_000
    )
    return times_ms


def _names(names: list[bytes], limit: int) -> tuple[list[str], NDArray[np.bool_]]:
    """The names as texts, and which of them are names: UTF-8 of 1 to so many characters."""
    texts = [name.decode(errors="replace") for name in names]
    are_good = [
        len(text) <= limit and text.encode() == name
        for text, name in zip(texts, names, strict=True)
    ]
    # Where a message has none, its code is -1.
    return texts, np.array([*are_good, True])


def _is_within(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (values >= scanner.MIN_VALUE) & (values <= scanner.MAX_VALUE)


def _are_ids(messages: Messages) -> NDArray[np.bool_]:
    """(n,) whether ExecID can be a trade's id: UTF-8, of at most so many bytes."""
    places = messages.place(EXEC_ID)
    are_ids: NDArray[np.bool_] = places[:, 1] <= scanner.MAX_TRADE_ID_LENGTH
    # Messages lie in memory as they come.
    first, last = (0, 0) if not len(places) else (messages.places[0, 2], messages.places[-1, 3])
    if messages.data[first:last].max(initial=0) >= 0x80:
        for i in np.flatnonzero(are_ids):
            at, length = places[i]
            text = messages.data[at : at + length].tobytes()
            are_ids[i] = text.decode(errors="replace").encode() == text
    return are_ids


def _judge(messages: Messages, faults: Faults) -> tuple[NDArray[np.bool_], Rejects]:
    """Which messages have no fault, and the others with those that were rejected before."""
    n = messages.types.size
    is_valid = np.ones(n, np.bool_)
    reasons, tags = np.zeros((2, n), np.int64)
    for are_faulty, reason, tag in faults:
        found = are_faulty & is_valid
        is_valid[found] = False
        reasons[found], tags[found] = reason, tag
    if is_valid.all():
        return is_valid, messages.rejects
    row, index, start, end = messages.places[~is_valid].T
    more = np.stack([row, start, end, index, reasons[~is_valid], tags[~is_valid]], axis=1)
    rejects = messages.rejects
    return is_valid, replace(rejects, found=in_order(np.concatenate([rejects.found, more])))
