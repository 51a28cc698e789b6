"""A JSON scanner for trades, in numba: the usual shape at full speed, the rest handed over.

A record is *usual* when it is a flat JSON object of scalars whose strings are plain ASCII without
escapes and whose numbers have at most 19 digits. Whatever else comes is *odd*: ``udfs.grammar``
says whether that is no JSON, and what it leaves open ``udfs.trades`` judges with Python's own
``json``. So the scanner never has to decide it; it only may call usual what really is valid.
"""

import numpy as np
from numba import njit

from udfs.grammar import ODD, literal_end, skip_space, verdict_on
from udfs.names import intern
from udfs.numbers import TENS, WHOLE_TENS, append_digits, decimal_to_double
from udfs.reasons import Field, Reason
from udfs.words import (
    WORD_BYTES,
    eight_digits,
    first_digits,
    load,
    newline_marks,
    other_than_digits,
    pointer,
    record,
    string_stops,
    trailing_zeros,
    word,
)

MAX_MESSAGE_BYTES = 1 << 20
MAX_RECORDS = 20_000
"""Records in one message; no message of valid trades within 1 MiB reaches it."""
MAX_NAMES = 1 << 15
"""Symbols, and exchanges, that have a code in a batch: that of an exchange is an int16."""
MAX_SYMBOL_LENGTH = 32
MAX_TRADE_ID_LENGTH = 64
MAX_EXCHANGE_LENGTH = 32
MIN_VALUE, MAX_VALUE, MAX_NOTIONAL = 1e-15, 1e15, 1e18
"""Bounds of price and quantity, and of their product: inside them the sums of candles are exact."""
OLDEST_MS = 946_684_800_000
"""2000-01-01T00:00:00Z: before it a timestamp is a mistake of units."""

SHORTEST_TRADE = 60
"""Bytes below which no object can be a valid trade (its five keys alone take 50)."""

BUY, SELL = 1, 2

# What the scratch holds of a record: its value's place and type, by Field.
_MISSING, _STRING, _INTEGER, _FLOAT, _OTHER, _NULL = 0, 1, 2, 3, 4, 5

_EMPTY_MESSAGE = int(Reason.EMPTY_MESSAGE)
_MESSAGE_TOO_LARGE = int(Reason.MESSAGE_TOO_LARGE)
_TOO_MANY_RECORDS = int(Reason.TOO_MANY_RECORDS)
_NOT_AN_OBJECT = int(Reason.NOT_AN_OBJECT)
_MISSING_FIELD, _WRONG_TYPE = int(Reason.MISSING_FIELD), int(Reason.WRONG_TYPE)
_INVALID_SYMBOL, _INVALID_SIDE = int(Reason.INVALID_SYMBOL), int(Reason.INVALID_SIDE)
_INVALID_PRICE, _INVALID_QUANTITY = int(Reason.INVALID_PRICE), int(Reason.INVALID_QUANTITY)
_INVALID_NOTIONAL = int(Reason.INVALID_NOTIONAL)
_TIMESTAMP_TOO_OLD, _TIMESTAMP_AHEAD = int(Reason.TIMESTAMP_TOO_OLD), int(Reason.TIMESTAMP_AHEAD)
_INVALID_TRADE_ID = int(Reason.INVALID_TRADE_ID)
_INVALID_EXCHANGE = int(Reason.INVALID_EXCHANGE)
_SYMBOL, _PRICE, _QUANTITY = int(Field.SYMBOL), int(Field.PRICE), int(Field.QUANTITY)
_TIMESTAMP, _SIDE = int(Field.TIMESTAMP), int(Field.SIDE)
_TRADE_ID, _EXCHANGE = int(Field.TRADE_ID), int(Field.EXCHANGE)

_SYMBOL_KEY, _PRICE_KEY, _SIDE_KEY = word('symbol"'), word('price"'), word('side"')
_QUANTITY_KEY, _TIMESTAMP_KEY = word("quantity"), word("timestam")
_TRADE_ID_KEY, _EXCHANGE_KEY = word("trade_id"), word("exchange")
_MASKS = np.array([(1 << 8 * n) - 1 for n in range(WORD_BYTES + 1)], np.uint64)
"""Of the first n bytes of a word."""
_FIVE_BYTES, _SIX_BYTES, _SEVEN_BYTES = _MASKS[5:8]

_QUOTE, _BACKSLASH, _COMMA, _COLON = 34, 92, 44, 58
_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY = 123, 125, 91, 93
_MINUS, _PLUS, _POINT, _ZERO, _NINE = 45, 43, 46, 48, 57
_UPPER_E, _LOWER_E, _LOWER_N = 69, 101, 110
_NEWLINE, _SPACE = 10, 32
_UNKNOWN, _CLOSED = 0, -1
"""In place of a field: of a key that is none's, and of an object's end."""
_LONGEST_KEY = 10  # timestamp and its quote
_GAPS, _GAP = 8, 6
"""So many gaps are remembered of a record. Of each: two words and their masks, in turn, how long it
is, and the field whose key is in it."""
GAPS_SHAPE = _GAPS + 1, _GAP
"""The last one stays empty: it is that of all members past the others."""


@njit(cache=True, inline="always")
def _string_end(text, at, end, limit):  # type: ignore[no-untyped-def]
    """Where the plain ASCII string that begins at ``at`` ends (its closing quote), or -1."""
    last = min(end, limit)
    while at < last:
        stops = string_stops(load(text, at))
        if stops != 0:
            at += trailing_zeros(stops) >> 3
            return at if at < end and text[at] == _QUOTE else -1
        at += WORD_BYTES
    return -1


@njit(cache=True, inline="always")
def _key(text, at):  # type: ignore[no-untyped-def]
    """The field whose key begins at ``at``, and the place of its closing quote; or (0, at).

    The longest key must be inside of the text.
    """
    w = load(text, at)
    if (w & _SEVEN_BYTES) == _SYMBOL_KEY:
        return _SYMBOL, at + 6
    if (w & _SIX_BYTES) == _PRICE_KEY:
        return _PRICE, at + 5
    if (w & _FIVE_BYTES) == _SIDE_KEY:
        return _SIDE, at + 4
    if w == _QUANTITY_KEY and text[at + 8] == _QUOTE:
        return _QUANTITY, at + 8
    if w == _TIMESTAMP_KEY and text[at + 8] == 112 and text[at + 9] == _QUOTE:
        return _TIMESTAMP, at + 9
    if w == _TRADE_ID_KEY and text[at + 8] == _QUOTE:
        return _TRADE_ID, at + 8
    if w == _EXCHANGE_KEY and text[at + 8] == _QUOTE:
        return _EXCHANGE, at + 8
    return _UNKNOWN, at


@njit(cache=True, inline="always")
def _ends_number(byte):  # type: ignore[no-untyped-def]
    """Whether a number may end before this character, behind its last digit."""
    return byte <= _COMMA or byte == _CLOSE_OBJECT or byte == _CLOSE_ARRAY


@njit(cache=True, inline="always")
def _usual_number(text, at, end, limit, numbers, field):  # type: ignore[no-untyped-def]
    """``_number`` of 15 digits at most, or of a word with a point in it; (-1, _) for any other.

    Without sign and exponent, so that a double holds the digits exactly.
    """
    if at + 2 * WORD_BYTES >= min(end, limit):
        return -1, _OTHER
    w = load(text, at)
    others = other_than_digits(w)
    if others == 0:
        more = load(text, at + WORD_BYTES)
        others = other_than_digits(more)
        count = trailing_zeros(others) >> 3
        if others == 0 or count == 0 or text[at] == _ZERO:
            return -1, _OTHER
        digits = eight_digits(w) * WHOLE_TENS[count] + first_digits(more, count)
        count += WORD_BYTES
    else:
        count = trailing_zeros(others) >> 3
        if count == 0 or (count > 1 and text[at] == _ZERO):
            return -1, _OTHER
        if text[at + count] == _POINT and count < WORD_BYTES - 1:
            # The digits behind the point, moved over it.
            behind = w >> np.uint64(8 * (count + 1))
            places = trailing_zeros(other_than_digits(behind)) >> 3
            after = at + count + 1 + places
            if places == 0 or not _ends_number(text[after]):
                return -1, _OTHER
            joined = w & _MASKS[count] | behind << np.uint64(8 * count)
            digits = first_digits(joined, count + places)
            numbers[field] = np.float64(digits) / TENS[places]
            return after, _FLOAT
        digits = first_digits(w, count)
    if not _ends_number(text[at + count]):
        return -1, _OTHER
    numbers[field] = np.float64(digits)
    return at + count, _INTEGER


@njit(cache=True)
def _number(text, at, end, limit, numbers, field):  # type: ignore[no-untyped-def]
    """Reads a JSON number into ``numbers[field]``; returns (where it ends or -1, its kind)."""
    after, kind = _usual_number(text, at, end, limit, numbers, field)
    if after >= 0:
        return after, kind
    negative = text[at] == _MINUS
    if negative:
        at += 1
    if at >= end or text[at] < _ZERO or text[at] > _NINE:
        return -1, _OTHER
    power = 0
    kind = _INTEGER
    first = at
    digits, at = append_digits(text, at, end, limit, np.uint64(0))
    count = at - first
    if count > 1 and text[first] == _ZERO:
        return -1, _OTHER
    if at < end and text[at] == _POINT:
        kind = _FLOAT
        at += 1
        first = at
        digits, at = append_digits(text, at, end, limit, digits)
        if at == first:
            return -1, _OTHER
        power = first - at
        count += at - first
    if at < end and (text[at] == _LOWER_E or text[at] == _UPPER_E):
        kind = _FLOAT
        at += 1
        down = False
        if at < end and (text[at] == _PLUS or text[at] == _MINUS):
            down = text[at] == _MINUS
            at += 1
        first = at
        exponent = 0
        while at < end and _ZERO <= text[at] <= _NINE:
            exponent = exponent * 10 + int(text[at] - _ZERO)
            at += 1
        if at == first or at - first > 4:
            return -1, _OTHER
        power += -exponent if down else exponent
    if count > 19:
        return -1, _OTHER
    sure, value = decimal_to_double(digits, power)
    if not sure:
        return -1, _OTHER
    numbers[field] = -value if negative else value
    return at, kind


@njit(cache=True, inline="always")
def _literal(text, at, end):  # type: ignore[no-untyped-def]
    """Reads true, false or null; returns (where it ends or -1, its kind)."""
    return literal_end(text, at, end), _NULL if text[at] == _LOWER_N else _OTHER


@njit(cache=True, inline="always")
def _expected(text, at, end, limit, gaps, member):  # type: ignore[no-untyped-def]
    """The field and the place of its value, if the gap at ``at`` is as that of the record before.

    A gap is what stands between two values: a comma, a key, a colon, and spaces. The place is
    ``at`` if this is another one, or may be.
    """
    gap = member * _GAP
    value = at + np.int64(gaps[gap + 4])
    if value >= end or at + WORD_BYTES >= limit:
        return _UNKNOWN, at
    first, second = load(text, at), load(text, at + WORD_BYTES)
    other = (first ^ gaps[gap]) & gaps[gap + 1] | (second ^ gaps[gap + 2]) & gaps[gap + 3]
    if other != 0 or text[value] <= _SPACE:  # this gap goes on where the other ended
        return _UNKNOWN, at
    return np.int64(gaps[gap + 5]), value


@njit(cache=True, inline="always")
def _expect(text, at, value, limit, gaps, member, field):  # type: ignore[no-untyped-def]
    """Notes the gap from ``at`` to ``value`` for the record that comes next."""
    length = value - at
    if member == _GAPS or length > 2 * WORD_BYTES or at + WORD_BYTES >= limit:
        return
    gap = member * _GAP
    gaps[gap], gaps[gap + 2] = load(text, at), load(text, at + WORD_BYTES)
    gaps[gap + 1] = _MASKS[min(length, WORD_BYTES)]
    gaps[gap + 3] = _MASKS[max(length - WORD_BYTES, 0)]
    gaps[gap + 4], gaps[gap + 5] = length, field


@njit(cache=True)
def _gap(text, at, end, limit, member):  # type: ignore[no-untyped-def]
    """The field that comes next and the place of its value.

    (_CLOSED, where the object ends) if none comes; (_, -1) for an odd one.
    """
    at = skip_space(text, at, end)
    if at >= end:
        return _UNKNOWN, -1
    if member > 0:
        if text[at] == _CLOSE_OBJECT:
            return _CLOSED, at + 1
        if text[at] != _COMMA:
            return _UNKNOWN, -1
    at = skip_space(text, at + 1, end)
    if at >= end:
        return _UNKNOWN, -1
    if member == 0 and text[at] == _CLOSE_OBJECT:
        return _CLOSED, at + 1
    # At the end of the text there may be a short key that cannot be read as the longest one.
    if text[at] != _QUOTE or at + 1 + _LONGEST_KEY - WORD_BYTES >= limit:
        return _UNKNOWN, -1
    field, at = _key(text, at + 1)
    if field == _UNKNOWN:
        at = _string_end(text, at, end, limit)
        if at < 0:
            return _UNKNOWN, -1
    at = skip_space(text, at + 1, end)
    if at >= end or text[at] != _COLON:
        return _UNKNOWN, -1
    at = skip_space(text, at + 1, end)
    return field, (at if at < end else -1)


@njit(cache=True)
def _object(text, at, end, limit, starts, lengths, kinds, numbers, gaps):  # type: ignore[no-untyped-def]
    """Reads the usual object that begins at ``at``; returns where it ends, or -1 for an odd one."""
    for field in range(8):
        kinds[field] = _MISSING
    member = 0
    while True:
        field, value = _expected(text, at, end, limit, gaps, member)
        if value == at:
            field, value = _gap(text, at, end, limit, member)
            if field == _CLOSED or value < 0:
                return value
            _expect(text, at, value, limit, gaps, member, field)
        start = at = value
        byte = text[at]
        if byte == _QUOTE:
            start = at + 1
            at = _string_end(text, start, end, limit)
            if at < 0:
                return -1
            lengths[field] = at - start
            kind = _STRING
            at += 1
        else:
            if byte == _MINUS or _ZERO <= byte <= _NINE:
                at, kind = _number(text, at, end, limit, numbers, field)
            else:
                at, kind = _literal(text, at, end)
            if at < 0:
                return -1
            lengths[field] = at - start
        starts[field] = start
        kinds[field] = kind
        if at < end and text[at] == _CLOSE_OBJECT:
            return at + 1
        member = min(member + 1, _GAPS)


@njit(cache=True, inline="always")
def _side(text, at, length):  # type: ignore[no-untyped-def]
    """BUY, SELL, or 0 for any other text."""
    if length == 3:
        if text[at] == 98 and text[at + 1] == 117 and text[at + 2] == 121:
            return BUY
    elif (
        length == 4
        and text[at] == 115
        and text[at + 1] == 101
        and text[at + 2] == 108
        and text[at + 3] == 108
    ):
        return SELL
    return 0


@njit(cache=True)
def _judge(text, starts, lengths, kinds, numbers, latest_ms):  # type: ignore[no-untyped-def]
    """The verdict on a usual object: (reason or 0 for a valid trade, field, side)."""
    side = 0
    for field in range(1, 6):
        kind = kinds[field]
        if kind == _MISSING:
            return _MISSING_FIELD, field, 0
        if field == _PRICE or field == _QUANTITY:
            if kind != _INTEGER and kind != _FLOAT:
                return _WRONG_TYPE, field, 0
            if not MIN_VALUE <= numbers[field] <= MAX_VALUE:
                return (_INVALID_PRICE if field == _PRICE else _INVALID_QUANTITY), field, 0
            if field == _QUANTITY and numbers[_PRICE] * numbers[_QUANTITY] > MAX_NOTIONAL:
                return _INVALID_NOTIONAL, field, 0
        elif field == _TIMESTAMP:
            if kind != _INTEGER:
                return _WRONG_TYPE, field, 0
            if numbers[field] < OLDEST_MS:
                return _TIMESTAMP_TOO_OLD, field, 0
            if numbers[field] > latest_ms:
                return _TIMESTAMP_AHEAD, field, 0
        elif kind != _STRING:
            return _WRONG_TYPE, field, 0
        elif field == _SYMBOL:
            if not 1 <= lengths[field] <= MAX_SYMBOL_LENGTH:
                return _INVALID_SYMBOL, field, 0
        else:
            side = _side(text, starts[_SIDE], lengths[_SIDE])
            if side == 0:
                return _INVALID_SIDE, field, 0

    kind = kinds[_TRADE_ID]
    if kind == _STRING or kind == _INTEGER:
        if not 1 <= lengths[_TRADE_ID] <= MAX_TRADE_ID_LENGTH:
            return _INVALID_TRADE_ID, _TRADE_ID, 0
    elif kind != _MISSING and kind != _NULL:
        return _WRONG_TYPE, _TRADE_ID, 0
    kind = kinds[_EXCHANGE]
    if kind == _STRING:
        if not 1 <= lengths[_EXCHANGE] <= MAX_EXCHANGE_LENGTH:
            return _INVALID_EXCHANGE, _EXCHANGE, 0
    elif kind != _MISSING and kind != _NULL:
        return _WRONG_TYPE, _EXCHANGE, 0
    return 0, 0, side


@njit(cache=True, inline="always")
def _line_end(text, at, end, limit):  # type: ignore[no-untyped-def]
    """Where the line that goes through ``at`` ends: its newline, or the end."""
    last = min(end, limit)
    while at < last:
        newlines = newline_marks(load(text, at))
        if newlines != 0:
            return min(at + (trailing_zeros(newlines) >> 3), end)
        at += WORD_BYTES
    while at < end and text[at] != _NEWLINE:
        at += 1
    return min(at, end)


@njit(cache=True, inline="always")
def _closing_quote(text, at, end):  # type: ignore[no-untyped-def]
    """Where the string that goes through ``at`` closes, past escapes; ``end`` or more if never."""
    while at < end and text[at] != _QUOTE:
        at += 2 if text[at] == _BACKSLASH else 1
    return at


@njit(cache=True)
def _element_end(text, at, end):  # type: ignore[no-untyped-def]
    """Where the array element that begins at ``at`` ends (its ',' or ']'), or -1.

    Only brackets and strings are followed, so it works for elements that are not valid themselves.
    """
    depth = 0
    while at < end:
        byte = text[at]
        if byte == _QUOTE:
            at = _closing_quote(text, at + 1, end)
            if at >= end:
                return -1
        elif byte == _OPEN_OBJECT or byte == _OPEN_ARRAY:
            depth += 1
        elif byte == _COMMA or byte == _CLOSE_ARRAY or byte == _CLOSE_OBJECT:
            if depth == 0:
                return -1 if byte == _CLOSE_OBJECT else at
            if byte != _COMMA:
                depth -= 1
        at += 1
    return -1


@njit(cache=True)
def _closes(text, at, end):  # type: ignore[no-untyped-def]
    """Whether brackets and strings that open in this stretch also close in it."""
    depth = 0
    while at < end:
        byte = text[at]
        if byte == _QUOTE:
            at = _closing_quote(text, at + 1, end)
            if at >= end:
                return False
        elif byte == _OPEN_OBJECT or byte == _OPEN_ARRAY:
            depth += 1
        elif byte == _CLOSE_OBJECT or byte == _CLOSE_ARRAY:
            depth -= 1
        at += 1
    return depth == 0


@njit(cache=True)
def _verdict_on_message(text, begin, end, limit):  # type: ignore[no-untyped-def]
    """As ``verdict_on``; ODD as well if there may be records in it, of an array or in lines."""
    if _line_end(text, begin, end, limit) < end:
        return ODD
    verdict = verdict_on(text, begin, end)
    is_array = text[skip_space(text, begin, end)] == _OPEN_ARRAY
    return ODD if is_array and verdict == _NOT_AN_OBJECT else verdict


@njit(cache=True, inline="always")
def note_reject(rejects, count, row, start, end, index, reason, field):  # type: ignore[no-untyped-def]
    """Notes a rejected or odd record; returns the new count."""
    at = 6 * count
    rejects[at], rejects[at + 1], rejects[at + 2] = row, start, end
    rejects[at + 3], rejects[at + 4], rejects[at + 5] = index, reason, field
    return count + 1


@njit(cache=True)
def scan(  # type: ignore[no-untyped-def]
    buffer,
    offsets,
    latest_ms,
    trades,
    ids,
    symbols,
    exchanges,
    symbol_table,
    exchange_table,
    rejects,
    places,
    numbers,
    gaps,
):
    """Scans whole Kafka messages for trades.

    Args:
        buffer: uint8, the messages end to end. What ends in its last few bytes is odd: words are
            not read past the end.
        offsets: int32 of n + 1, where each message begins.
        latest_ms: int64 of n, the latest timestamp allowed in each message.
        trades: out, record array of ``udfs.trades.TRADE``, at least bytes/SHORTEST_TRADE + 1 long.
        ids: out, int64 (., 2), place and length of each trade's id in the buffer (length 0: none).
        symbols: out, int64 (MAX_NAMES, 2), place and length of each distinct symbol.
        exchanges: out, likewise of each distinct exchange.
        symbol_table: scratch, int32 (2 * MAX_NAMES) filled with -1.
        exchange_table: scratch, likewise.
        rejects: out, int64 (., 6), row, start, end, index, reason, field; reason 0 is ODD.
        places: scratch, int64 (3, 8).
        numbers: scratch, float64 (8,).
        gaps: scratch, zeros, uint64 of GAPS_SHAPE: see ``_expected``.

    Returns:
        (trades, symbols, exchanges, rejects found, row): row is the first message that was not
        scanned, since ``rejects`` or the names had no room left for it, or n.
    """
    rows, room = offsets.size - 1, rejects.shape[0]
    limit = buffer.size - WORD_BYTES + 1  # where the last word begins, and one
    symbol_mask = np.uint64(symbol_table.size - 1)
    exchange_mask = np.uint64(exchange_table.size - 1)
    text, offsets, latest_ms = pointer(buffer), pointer(offsets), pointer(latest_ms)
    trades, ids = pointer(trades), pointer(ids)
    rejects, numbers, gaps = pointer(rejects), pointer(numbers), pointer(gaps)
    symbols, symbol_table = pointer(symbols), pointer(symbol_table)
    exchanges, exchange_table = pointer(exchanges), pointer(exchange_table)
    starts, lengths, kinds = pointer(places[0]), pointer(places[1]), pointer(places[2])
    n_trades = n_symbols = n_exchanges = n_rejects = 0
    last_symbol = last_exchange = 0
    for row in range(rows):
        names = max(n_symbols, n_exchanges) + MAX_RECORDS
        if n_rejects + MAX_RECORDS > room or names > MAX_NAMES:
            return n_trades, n_symbols, n_exchanges, n_rejects, row
        begin, end = np.int64(offsets[row]), np.int64(offsets[row + 1])
        first_trade, first_reject = n_trades, n_rejects
        at = skip_space(text, begin, end)
        reason = -1  # of the whole message; -1: judged record by record
        if end - begin > MAX_MESSAGE_BYTES:
            reason = _MESSAGE_TOO_LARGE
        elif at == end:
            reason = _EMPTY_MESSAGE
        elif text[at] != _OPEN_OBJECT and text[at] != _OPEN_ARRAY:
            reason = ODD
        else:
            in_array = text[at] == _OPEN_ARRAY
            if in_array:
                at = skip_space(text, at + 1, end)
                if at < end and text[at] == _CLOSE_ARRAY:
                    at = skip_space(text, at + 1, end)
                    reason = _EMPTY_MESSAGE if at == end else ODD
            index = n_usual = 0
            while reason == -1:
                if index == MAX_RECORDS:
                    reason = _TOO_MANY_RECORDS
                    break
                start = at
                verdict, field, side = ODD, 0, 0
                stop = -1
                line_end = end if in_array or index == 0 else _line_end(text, at, end, limit)
                if at < end and text[at] == _OPEN_OBJECT:
                    stop = _object(text, at, line_end, limit, starts, lengths, kinds, numbers, gaps)
                # Where the record ends, and whether another follows.
                more = False
                if in_array:
                    if stop >= 0:
                        at = skip_space(text, stop, end)
                        if at >= end or (text[at] != _COMMA and text[at] != _CLOSE_ARRAY):
                            stop = -1
                    if stop < 0:
                        at = _element_end(text, start, end)
                        if at < 0:
                            reason = ODD
                            break
                    else:
                        verdict, field, side = _judge(
                            text, starts, lengths, kinds, numbers, latest_ms[row]
                        )
                    record_end = at
                    more = text[at] == _COMMA
                    at = skip_space(text, at + 1, end)
                    if not more and at < end:
                        reason = ODD
                        break
                else:
                    if index == 0 and stop >= 0 and skip_space(text, stop, end) < end:
                        line_end = _line_end(text, start, end, limit)
                        if stop > line_end:
                            reason = ODD  # one record over several lines, and then more
                            break
                    if stop >= 0 and skip_space(text, stop, line_end) < line_end:
                        stop = -1
                    if stop < 0:
                        line_end = _line_end(text, start, end, limit)
                        if index == 0 and not _closes(text, start, line_end):
                            reason = ODD  # it may be one record over several lines
                            break
                    else:
                        verdict, field, side = _judge(
                            text, starts, lengths, kinds, numbers, latest_ms[row]
                        )
                    record_end = line_end
                    at = skip_space(text, line_end, end)
                    more = at < end

                if stop >= 0:
                    n_usual += 1
                if stop >= 0 and verdict == 0:
                    trade = record(trades, n_trades)
                    trade.timestamp = np.int64(numbers[_TIMESTAMP])
                    trade.price = numbers[_PRICE]
                    trade.quantity = numbers[_QUANTITY]
                    trade.row = row
                    trade.side = side
                    code, n_symbols = intern(
                        text,
                        starts[_SYMBOL],
                        lengths[_SYMBOL],
                        symbol_table,
                        symbol_mask,
                        symbols,
                        n_symbols,
                        last_symbol,
                    )
                    last_symbol = code
                    trade.symbol = code
                    code = -1
                    if kinds[_EXCHANGE] == _STRING:
                        code, n_exchanges = intern(
                            text,
                            starts[_EXCHANGE],
                            lengths[_EXCHANGE],
                            exchange_table,
                            exchange_mask,
                            exchanges,
                            n_exchanges,
                            last_exchange,
                        )
                        last_exchange = code
                    trade.exchange = code
                    ids[2 * n_trades] = starts[_TRADE_ID]
                    kind = kinds[_TRADE_ID]
                    has_id = kind == _STRING or kind == _INTEGER
                    ids[2 * n_trades + 1] = lengths[_TRADE_ID] if has_id else 0
                    n_trades += 1
                else:
                    if stop < 0:
                        verdict = verdict_on(text, start, record_end)
                    n_rejects = note_reject(
                        rejects, n_rejects, row, start, record_end, index, verdict, field
                    )
                index += 1
                if not more:
                    break
            if reason == -1 and not in_array and n_usual == 0:
                reason = ODD  # not one line was a record: perhaps they never were lines
        if reason == ODD:
            reason = _verdict_on_message(text, begin, end, limit)
        if reason >= 0:
            n_trades = first_trade
            n_rejects = note_reject(rejects, first_reject, row, begin, end, 0, reason, 0)
    return n_trades, n_symbols, n_exchanges, n_rejects, rows
