"""A scanner for FIX 4.2, in numba: each message is split, proved and judged in one pass.

All rules stand in the table of ``udfs.fix42``; here is what is done with them. Of a message with
several faults the first is given: first those of its frame (BeginString, BodyLength, CheckSum),
then those of its fields, in their order, and last the tags that are missing.
"""

import numpy as np
from numba import njit

from udfs import fix_rules as rules
from udfs.checksum import TRAILER_BYTES, sum_of
from udfs.fix42 import FIRST_SENT, NOT_READ, POSS_DUP, SENT, SESSION
from udfs.fix_rules import (
    ALLOWED,
    CHARACTERS,
    COLUMN,
    COUNTS,
    DATA_AFTER,
    FIRST_VALUE,
    GROUP,
    IN_GROUP,
    IS_DEFINED,
    KIND,
    LONGER_VALUES,
    NUMBERS,
    ONE_CHARACTER,
    PLACE_IN_GROUP,
    REQUIRED,
    SECTION,
    TAGS,
    TEXTS,
    TIMES,
    TYPE_OF,
    TYPES,
)
from udfs.names import intern
from udfs.numbers import append_digits, decimal_to_double
from udfs.reasons import Reason
from udfs.scanner import MAX_MESSAGE_BYTES, MAX_NAMES, MAX_RECORDS, note_reject
from udfs.words import (
    WORD_BYTES,
    eight_digits,
    first_digits,
    load,
    other_than_digits,
    pointer,
    soh_marks,
    trailing_zeros,
    word,
)

MAX_UNKNOWN_FIELDS = 256
"""Fields of one message with tags that FIX 4.2 does not have."""
SHORTEST_MESSAGE = 63
"""Bytes below which no message can have all that header and trailer must have."""
LONGEST_DIGITS = 19
"""Digits that a uint64 holds; a number of more is read by Python."""

MANY_WRONG_SUMS = 16
"""From so many on in a record, bytes are added up once for all: thousands of headers may lead to
the same far trailer, and each would add up all that lies between."""

_EMPTY_MESSAGE = int(Reason.EMPTY_MESSAGE)
_MESSAGE_TOO_LARGE = int(Reason.MESSAGE_TOO_LARGE)
_TOO_MANY_RECORDS = int(Reason.TOO_MANY_RECORDS)
_NOT_FIX = int(Reason.NOT_FIX)
_INVALID_BEGIN_STRING = int(Reason.INVALID_BEGIN_STRING)
_INVALID_BODY_LENGTH = int(Reason.INVALID_BODY_LENGTH)
_INVALID_CHECKSUM = int(Reason.INVALID_CHECKSUM)
_INVALID_MESSAGE_TYPE = int(Reason.INVALID_MESSAGE_TYPE)
_UNSUPPORTED_MESSAGE_TYPE = int(Reason.UNSUPPORTED_MESSAGE_TYPE)
_MALFORMED_FIELD, _EMPTY_VALUE = int(Reason.MALFORMED_FIELD), int(Reason.EMPTY_VALUE)
_DUPLICATE_TAG, _TAG_OUT_OF_ORDER = int(Reason.DUPLICATE_TAG), int(Reason.TAG_OUT_OF_ORDER)
_TAG_NOT_ALLOWED, _MISSING_TAG = int(Reason.TAG_NOT_ALLOWED), int(Reason.MISSING_TAG)
_INVALID_FORMAT, _INVALID_VALUE = int(Reason.INVALID_FORMAT), int(Reason.INVALID_VALUE)
_INVALID_GROUP, _TOO_MANY_FIELDS = int(Reason.INVALID_GROUP), int(Reason.TOO_MANY_FIELDS)

_STRING, _CHAR, _BOOLEAN, _DECIMAL = rules.STRING, rules.CHAR, rules.BOOLEAN, rules.DECIMAL
_INT, _LENGTH, _DATA, _TIMESTAMP = rules.INT, rules.LENGTH, rules.DATA, rules.TIMESTAMP
_DATE, _MONTH, _DAY, _CHARS = rules.DATE, rules.MONTH, rules.DAY, rules.CHARS
_HEADER, _BODY, _TRAILER = rules.HEADER, rules.BODY, rules.TRAILER

_N_NUMBERS, _N_TIMES = len(NUMBERS), len(TIMES)
_N_CHARACTERS, _N_TEXTS = len(CHARACTERS), len(TEXTS)
_SYMBOL, _EXCHANGE = TEXTS.index(55), TEXTS.index(30)
_SENT, _FIRST = TIMES.index(SENT), TIMES.index(FIRST_SENT)
_NO_TIME = np.iinfo(np.int64).min
_IS_SESSION = np.array([type in SESSION for type in TYPES])
_IS_TYPE = np.zeros(256, np.bool_)
_IS_TYPE[[ord(type) for type in [*TYPES, *NOT_READ]]] = True
_BEGIN_STRING_TAG, _BODY_LENGTH_TAG, _CHECKSUM_TAG, _TYPE_TAG = 8, 9, 10, 35
_FRAME_TAGS = np.uint64(1 << _BEGIN_STRING_TAG | 1 << _BODY_LENGTH_TAG | 1 << _TYPE_TAG)

_SOH, _EQUALS, _ZERO, _NINE, _MINUS, _POINT, _DASH, _SPACE = 1, 61, 48, 57, 45, 46, 45, 32
_N, _Y = 78, 89
_SPACES = 1 << 32 | 1 << 13 | 1 << 10
"""Bits of what may stand between two messages: space, carriage return and newline."""
_BEGINS = word("8=FIX.4.")
_FIVE_BYTES = np.uint64((1 << 40) - 1)
_BEGIN = _BEGINS & _FIVE_BYTES
"""``8=FIX``, in the lower five bytes."""
_HEADER_BYTES = 12  # 8=FIX.4.2, SOH and 9=
_LONGEST_BODY_LENGTH = 7
_TIME_COLONS = np.uint64(0x00_00_0A_00_00_0A_00_00)
"""Turns the colons of HH:MM:SS into zeros."""
_BETWEEN = np.uint64(0x00_00_FF_00_00_FF_00_00)
_ZEROS_BETWEEN = np.uint64(0x00_00_30_00_00_30_00_00)
_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_U0, _U1, _U63 = np.uint64(0), np.uint64(1), np.uint64(63)
_DAY_SECONDS, _MICROS = 86_400, 1_000_000


@njit(cache=True, inline="always")
def _skip_space(text, at, end):  # type: ignore[no-untyped-def]
    """Where the next message begins, or the end."""
    while at < end and text[at] <= _SPACE and (_SPACES >> text[at]) & 1:
        at += 1
    return at


@njit(cache=True, inline="always")
def _value_end(text, at):  # type: ignore[no-untyped-def]
    """Where the next SOH stands: there is one, and a trailer behind it to read a last word from."""
    while True:
        marks = soh_marks(load(text, at))
        if marks != 0:
            return at + (trailing_zeros(marks) >> 3)
        at += WORD_BYTES


@njit(cache=True, inline="always")
def _whole(text, at, end):  # type: ignore[no-untyped-def]
    """The digits from at to end as an int64; -1 if they are none, or too many."""
    if end - at > 18:
        return -1
    value, stop = append_digits(text, at, end, end, _U0)
    return np.int64(value) if stop == end and end > at else -1


@njit(cache=True)
def _decimal(text, at, end):  # type: ignore[no-untyped-def]
    """FIX's float: (whether it is one, whether the value is exact, the value)."""
    negative = text[at] == _MINUS
    if negative:
        at += 1
    first = at
    digits, at = append_digits(text, at, end, end, _U0)
    count = at - first
    power = 0
    if at < end and text[at] == _POINT:
        first = at + 1
        digits, at = append_digits(text, first, end, end, digits)
        power = first - at
        count += at - first
    if at != end or count == 0:
        return False, False, 0.0
    if count > LONGEST_DIGITS:
        return True, False, 0.0
    sure, value = decimal_to_double(digits, power)
    return True, sure, -value if negative else value


@njit(cache=True)
def _days(date):  # type: ignore[no-untyped-def]
    """Days since 1970 of YYYYMMDD as a number; -1 << 31 if there is no such day.

    H. Hinnant, "chrono-compatible low-level date algorithms" (2014).
    """
    year, month, day = date // 10_000, date // 100 % 100, date % 100
    if month < 1 or month > 12 or day < 1:
        return -1 << 31
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if day > _DAYS[month - 1] + leap:
        return -1 << 31
    year -= month <= 2
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@njit(cache=True)
def _time(text, at, end):  # type: ignore[no-untyped-def]
    """Microseconds since 1970 of YYYYMMDD-HH:MM:SS, with 0, 3 or 6 decimals; (is one, value)."""
    length = end - at
    if length != 17 and length != 21 and length != 24:
        return False, 0
    date, clock = load(text, at), load(text, at + 9) ^ _TIME_COLONS
    if (
        (other_than_digits(date) | other_than_digits(clock)) != 0
        or (clock & _BETWEEN) != _ZEROS_BETWEEN
        or text[at + 8] != _DASH
    ):
        return False, 0
    days = _days(np.int64(eight_digits(date)))
    time = np.int64(eight_digits(clock))  # HH0MM0SS
    hour, minute, second = time // 1_000_000, time // 1_000 % 1_000, time % 1_000
    if days == -1 << 31 or hour > 23 or minute > 59 or second > 59:
        return False, 0
    micros = np.int64(0)
    if length > 17:
        decimals = length - 18
        fraction = load(text, at + 18)
        others = other_than_digits(fraction)
        if text[at + 17] != _POINT or (others != 0 and trailing_zeros(others) >> 3 < decimals):
            return False, 0
        micros = np.int64(first_digits(fraction, decimals)) * (1_000 if decimals == 3 else 1)
    seconds = days * _DAY_SECONDS + hour * 3_600 + minute * 60 + second
    return True, seconds * _MICROS + micros


@njit(cache=True, inline="always")
def _is_character_of(tag, byte):  # type: ignore[no-untyped-def]
    """Whether a tag may have the value of one character."""
    if byte >= 128:
        return False
    return (ONE_CHARACTER[tag, byte >> 6] >> np.uint64(byte & 63)) & _U1 != 0


@njit(cache=True)
def _is_value_of(text, at, end, tag):  # type: ignore[no-untyped-def]
    """Whether a tag may have the value that stands from at to end."""
    if ONE_CHARACTER[tag, 0] == ONE_CHARACTER[tag, 1] == np.uint64(0xFFFFFFFFFFFFFFFF):
        return True
    if end - at == 1:
        return _is_character_of(tag, text[at])
    if end - at > rules.LONGEST_VALUE:
        return False
    low = high = _U0
    for i in range(end - at):
        byte = np.uint64(text[at + i])
        if byte == 0:  # as a shorter value is filled up
            return False
        if i < WORD_BYTES:
            low |= byte << np.uint64(8 * i)
        else:
            high |= byte << np.uint64(8 * (i - WORD_BYTES))
    for i in range(FIRST_VALUE[tag], FIRST_VALUE[tag + 1]):
        if LONGER_VALUES[i, 0] == low and LONGER_VALUES[i, 1] == high:
            return True
    return False


@njit(cache=True)
def _rare_value(text, at, end, tag, kind):  # type: ignore[no-untyped-def]
    """Judges a value of a kind that few fields have: a reason, or 0."""
    if kind == _CHARS:
        # Single characters with a space between them.
        for i in range(at, end):
            if (i - at) % 2 == 1:
                if text[i] != _SPACE:
                    return _INVALID_FORMAT
            elif not _is_character_of(tag, text[i]):
                return _INVALID_VALUE
        return 0 if (end - at) % 2 == 1 else _INVALID_FORMAT
    length, value = end - at, _whole(text, at, end)
    if kind == _DATE and (length != 8 or value < 0 or _days(value) == -1 << 31):
        return _INVALID_FORMAT
    if kind == _MONTH and (length != 6 or value < 0 or not 1 <= value % 100 <= 12):
        return _INVALID_FORMAT
    if kind == _DAY and (length > 2 or not 1 <= value <= 31):
        return _INVALID_FORMAT
    return 0


@njit(cache=True)
def _frame(text, at, end, begin, sums):  # type: ignore[no-untyped-def]
    """Where the body of the message at ``at`` begins and ends, or why it has no frame.

    ``sums`` are those of the record, which begins at ``begin``, or empty.

    Returns:
        (reason or 0, tag at fault, body begins, body ends)
    """
    if end - at < 2 or text[at] != 56 or text[at + 1] != _EQUALS:
        return _NOT_FIX, 0, 0, 0
    if end - at < 10 or load(text, at) != _BEGINS or text[at + 8] != 50 or text[at + 9] != _SOH:
        return _INVALID_BEGIN_STRING, _BEGIN_STRING_TAG, 0, 0
    if end - at < _HEADER_BYTES or text[at + 10] != 57 or text[at + 11] != _EQUALS:
        return _TAG_OUT_OF_ORDER, _BODY_LENGTH_TAG, 0, 0
    start = at + _HEADER_BYTES
    stop = start
    length = 0
    while stop < end and _ZERO <= text[stop] <= _NINE and stop - start < _LONGEST_BODY_LENGTH:
        length = 10 * length + text[stop] - _ZERO
        stop += 1
    body = stop + 1
    body_end = body + length
    if (
        stop == start
        or body_end + TRAILER_BYTES > end
        or text[stop] != _SOH
        or text[body_end - 1] != _SOH
        or text[body_end] != 49
        or text[body_end + 1] != _ZERO
        or text[body_end + 2] != _EQUALS
    ):
        return _INVALID_BODY_LENGTH, _BODY_LENGTH_TAG, 0, 0
    checksum = 0
    for i in range(body_end + 3, body_end + 6):
        if text[i] < _ZERO or text[i] > _NINE:
            return _INVALID_CHECKSUM, _CHECKSUM_TAG, 0, 0
        checksum = 10 * checksum + text[i] - _ZERO
    if sums.size:
        found = np.int64(sums[body_end - begin] - sums[at - begin]) & 0xFF
    else:
        found = sum_of(text, at, body_end)
    if text[body_end + 6] != _SOH or found != checksum:
        return _INVALID_CHECKSUM, _CHECKSUM_TAG, 0, 0
    return 0, 0, body, body_end


@njit(cache=True)
def _sums_of(text, begin, end):  # type: ignore[no-untyped-def]
    """The sums, modulo 256, of the first 0, 1, 2... bytes of a record."""
    sums = np.zeros(end - begin + 1, np.uint8)
    total = np.uint8(0)
    for i in range(end - begin):
        total += text[begin + i]
        sums[i + 1] = total
    return sums


@njit(cache=True)
def _next_message(text, at, end):  # type: ignore[no-untyped-def]
    """Where after ``at`` something begins like a message, at the beginning of a field or line."""
    at += 1
    while at + WORD_BYTES <= end:
        if text[at] == 56 and text[at - 1] <= _SPACE and (load(text, at) & _FIVE_BYTES) == _BEGIN:
            return at
        at += 1
    return end


@njit(cache=True)
def scan(  # type: ignore[no-untyped-def]
    buffer,
    offsets,
    places,
    types,
    numbers,
    times,
    characters,
    texts,
    names,
    symbols,
    symbol_table,
    exchanges,
    exchange_table,
    sessions,
    unknown,
    long_numbers,
    rejects,
    seen,
):
    """Scans whole Kafka records for FIX messages.

    Args:
        buffer: uint8, the records end to end.
        offsets: int32 of n + 1, where each record begins.
        places: out, int32 (m, 4), of each message its record, which one of that it is, and where
            it begins and ends; m is at least bytes/SHORTEST_MESSAGE + 1.
        types: out, uint8 (m,), the type of each message, a place in TYPES.
        numbers: out, float64 (m, len(NUMBERS)); NaN where a message does not have the field.
        times: out, int64 (m, len(TIMES)), microseconds since 1970; the least int64 where there is
            none.
        characters: out, uint8 (m, len(CHARACTERS)); 0 where there is none.
        texts: out, int32 (m, len(TEXTS), 2), place in the buffer and length; 0 where there is none.
        names: out, int32 (m, 2), codes of symbol and exchange; -1: none.
        symbols: out, int64 (MAX_NAMES, 2), place and length of each distinct symbol.
        symbol_table: scratch, int32 (2 * MAX_NAMES) filled with -1.
        exchanges: out, int64 (MAX_NAMES, 2), likewise of each distinct exchange (LastMkt).
        exchange_table: scratch, likewise.
        sessions: out, int64 (n,), how many messages of a session are in each record.
        unknown: out, int32 (., 4), message, tag, place and length of each field with an unknown
            tag; at least bytes/4 + 1.
        long_numbers: out, int32 (., 4), message, column of NUMBERS, place and length of numbers
            that must be read in another way; at least bytes/20 + 1.
        rejects: out, int64 (., 6), row, start, end, index, reason, tag.
        seen: scratch, uint64 (8,).

    Returns:
        (messages, symbols, exchanges, unknown fields, long numbers, rejects, row): row is the first
        record that was not scanned, since ``rejects`` or the names had no room left for it, or n.
    """
    n, room = offsets.size - 1, rejects.shape[0]
    symbol_mask = np.uint64(symbol_table.size - 1)
    exchange_mask = np.uint64(exchange_table.size - 1)
    text, offsets = pointer(buffer), pointer(offsets)
    numbers, times = pointer(numbers), pointer(times)
    characters, texts = pointer(characters), pointer(texts)
    symbols, symbol_table = pointer(symbols), pointer(symbol_table)
    exchanges, exchange_table = pointer(exchanges), pointer(exchange_table)
    rejects, seen = pointer(rejects), pointer(seen)
    none = np.zeros(0, np.uint8)
    m = n_symbols = n_exchanges = n_unknown = n_long = n_rejects = 0
    last_symbol = last_exchange = np.int64(0)
    for row in range(n):
        found = max(n_symbols, n_exchanges) + MAX_RECORDS
        if n_rejects + MAX_RECORDS > room or found > MAX_NAMES:
            return m, n_symbols, n_exchanges, n_unknown, n_long, n_rejects, row
        begin, end = np.int64(offsets[row]), np.int64(offsets[row + 1])
        first_m, first_unknown = m, n_unknown
        first_long, first_reject = n_long, n_rejects
        sessions[row] = 0
        at = _skip_space(text, begin, end)
        whole = 0  # the reason, if the whole record is rejected
        if end - begin > MAX_MESSAGE_BYTES:
            whole = _MESSAGE_TOO_LARGE
        elif at == end:
            whole = _EMPTY_MESSAGE
        index = wrong_sums = 0
        sums = none
        while whole == 0 and at < end:
            if index == MAX_RECORDS:
                whole = _TOO_MANY_RECORDS
                break
            start = at
            unknown_before, long_before = n_unknown, n_long
            kind_of_message = np.int64(0)
            may_be_copy = False
            reason, tag, at, body_end = _frame(text, start, end, begin, sums)
            stop = body_end + TRAILER_BYTES
            if reason == _INVALID_CHECKSUM:
                wrong_sums += 1
                if wrong_sums == MANY_WRONG_SUMS:
                    sums = _sums_of(text, begin, end)
            if reason != 0:
                stop = _next_message(text, start, end)
            elif text[at] != 51 or text[at + 1] != 53 or text[at + 2] != _EQUALS:
                reason, tag = _TAG_OUT_OF_ORDER, _TYPE_TAG
            else:
                byte = text[at + 3]
                at += 5
                kind_of_message = np.int64(TYPE_OF[byte])
                if text[at - 1] != _SOH or kind_of_message < 0:
                    is_type = text[at - 1] == _SOH and _IS_TYPE[byte]
                    reason, tag = _INVALID_MESSAGE_TYPE, _TYPE_TAG
                    if is_type:
                        reason = _UNSUPPORTED_MESSAGE_TYPE
                    elif byte == _SOH:
                        reason = _EMPTY_VALUE
            if reason == 0:
                type_bit = 1 << kind_of_message
                for i in range(TAGS // 64):
                    seen[i] = _U0
                seen[0] = _FRAME_TAGS
                for i in range(_N_NUMBERS):
                    numbers[m * _N_NUMBERS + i] = np.nan
                for i in range(_N_TIMES):
                    times[m * _N_TIMES + i] = np.int64(-1) << 63
                for i in range(_N_CHARACTERS):
                    characters[m * _N_CHARACTERS + i] = 0
                for i in range(2 * _N_TEXTS):
                    texts[m * 2 * _N_TEXTS + i] = 0
                section, group = np.int64(_HEADER), np.int64(-1)
                counter, times_left, members = 0, 0, np.int64(0)
                is_begun = False
                data_tag, data_length = np.int64(0), 0
            while reason == 0 and at < body_end:
                # The tag.
                first = at
                tag = 0
                while _ZERO <= text[at] <= _NINE and at - first < 9:
                    tag = 10 * tag + text[at] - _ZERO
                    at += 1
                if text[at] != _EQUALS or at == first or text[first] == _ZERO:
                    reason = _MALFORMED_FIELD
                    break
                at += 1
                first = at
                kind = np.int64(KIND[tag]) if tag < TAGS else 0
                # The value's end.
                if data_tag != 0:
                    if tag != data_tag:
                        reason, tag = _MISSING_TAG, data_tag
                        break
                    at += data_length
                    data_tag = np.int64(0)
                    if at >= body_end or text[at] != _SOH:
                        reason = _INVALID_FORMAT
                        break
                else:
                    at = _value_end(text, at)
                    if kind == _DATA:
                        # Its length must stand before it.
                        reason = _TAG_OUT_OF_ORDER
                        break
                stop_value = at
                at += 1
                if stop_value == first:
                    reason = _EMPTY_VALUE
                    break
                # The place of the tag.
                if group >= 0:
                    # In a group, where tags come again.
                    if tag < TAGS and GROUP[tag] == group and (IN_GROUP[tag] & type_bit) != 0:
                        place = np.int64(PLACE_IN_GROUP[tag])
                        if place == 0:
                            times_left -= 1
                            members = np.int64(0)
                            is_begun = True
                        if not is_begun:
                            reason = _INVALID_GROUP
                            break
                        if (members >> place) & 1:
                            reason = _DUPLICATE_TAG
                            break
                        members |= 1 << place
                    else:
                        if times_left != 0:
                            reason, tag = _INVALID_GROUP, counter
                            break
                        group = np.int64(-1)
                if group < 0:
                    if tag < TAGS and IS_DEFINED[tag]:
                        tag_bit = _U1 << np.uint64(tag & 63)
                        if (seen[tag >> 6] & tag_bit) != 0:
                            reason = _DUPLICATE_TAG
                            break
                        seen[tag >> 6] |= tag_bit
                        place = np.int64(SECTION[tag])
                        if place == _BODY and (ALLOWED[tag] & type_bit) == 0:
                            reason = _TAG_NOT_ALLOWED
                            break
                        if place < section or tag == _CHECKSUM_TAG:
                            reason = _TAG_OUT_OF_ORDER
                            break
                        section = place
                    else:
                        if section == _TRAILER:
                            reason = _TAG_OUT_OF_ORDER
                            break
                        section = np.int64(_BODY)
                        if n_unknown - unknown_before == MAX_UNKNOWN_FIELDS:
                            reason = _TOO_MANY_FIELDS
                            break
                        for i in range(unknown_before, n_unknown):
                            if unknown[i, 1] == tag:
                                reason = _DUPLICATE_TAG
                        if reason != 0:
                            break
                        unknown[n_unknown, 0], unknown[n_unknown, 1] = m, tag
                        unknown[n_unknown, 2] = first
                        unknown[n_unknown, 3] = stop_value - first
                        n_unknown += 1
                        continue
                # The value.
                column = np.int64(COLUMN[tag])
                if kind == _STRING:
                    if not _is_value_of(text, first, stop_value, tag):
                        reason = _INVALID_VALUE
                    elif column >= 0:
                        texts[2 * (m * _N_TEXTS + column)] = first
                        texts[2 * (m * _N_TEXTS + column) + 1] = stop_value - first
                elif kind == _CHAR:
                    if stop_value - first != 1:
                        reason = _INVALID_FORMAT
                    elif not _is_character_of(tag, text[first]):
                        reason = _INVALID_VALUE
                    elif column >= 0:
                        characters[m * _N_CHARACTERS + column] = text[first]
                elif kind == _DECIMAL:
                    is_one, is_exact, value = _decimal(text, first, stop_value)
                    if not is_one:
                        reason = _INVALID_FORMAT
                    elif column >= 0:
                        numbers[m * _N_NUMBERS + column] = value
                        if not is_exact:
                            long_numbers[n_long, 0], long_numbers[n_long, 1] = m, column
                            long_numbers[n_long, 2] = first
                            long_numbers[n_long, 3] = stop_value - first
                            n_long += 1
                elif kind == _TIMESTAMP:
                    is_one, value = _time(text, first, stop_value)
                    if not is_one:
                        reason = _INVALID_FORMAT
                    elif column >= 0:
                        times[m * _N_TIMES + column] = value
                elif kind == _INT:
                    negative = text[first] == _MINUS
                    value = _whole(text, first + negative, stop_value)
                    if value < 0:
                        reason = _INVALID_FORMAT
                    elif not _is_value_of(text, first, stop_value, tag):
                        reason = _INVALID_VALUE
                    elif COUNTS[tag]:
                        if negative:
                            reason = _INVALID_VALUE
                        group, counter = np.int64(GROUP[tag]), tag
                        times_left, is_begun = value, False
                    elif column >= 0:
                        numbers[m * _N_NUMBERS + column] = -value if negative else value
                elif kind == _LENGTH:
                    value = _whole(text, first, stop_value)
                    if value < 0:
                        reason = _INVALID_FORMAT
                    data_tag, data_length = np.int64(DATA_AFTER[tag]), value
                elif kind == _BOOLEAN:
                    if stop_value - first != 1:
                        reason = _INVALID_FORMAT
                    elif text[first] != _Y and text[first] != _N:
                        reason = _INVALID_VALUE
                    elif tag == POSS_DUP:
                        may_be_copy = text[first] == _Y
                elif kind != _DATA:
                    reason = _rare_value(text, first, stop_value, tag, kind)
            if reason == 0:
                if data_tag != 0:
                    reason, tag = _MISSING_TAG, data_tag
                elif group >= 0 and times_left != 0:
                    reason, tag = _INVALID_GROUP, counter
                else:
                    for i in range(TAGS // 64):
                        missing = REQUIRED[kind_of_message, i] & ~seen[i]
                        if missing != 0:
                            reason, tag = _MISSING_TAG, 64 * i + trailing_zeros(missing)
                            break
                    if reason == 0 and may_be_copy:
                        sent, first_sent = times[m * _N_TIMES + _SENT], times[m * _N_TIMES + _FIRST]
                        if first_sent == _NO_TIME:
                            reason, tag = _MISSING_TAG, FIRST_SENT
                        elif first_sent > sent:
                            reason, tag = _INVALID_VALUE, FIRST_SENT
            if reason != 0:
                n_unknown, n_long = unknown_before, long_before
                n_rejects = note_reject(rejects, n_rejects, row, start, stop, index, reason, tag)
            elif _IS_SESSION[kind_of_message]:
                n_unknown, n_long = unknown_before, long_before
                sessions[row] += 1
            else:
                places[m, 0], places[m, 1] = row, index
                places[m, 2], places[m, 3] = start, stop
                types[m] = kind_of_message
                symbol = exchange = np.int64(-1)
                pair = 2 * (m * _N_TEXTS + _SYMBOL)
                first, length = np.int64(texts[pair]), np.int64(texts[pair + 1])
                if length > 0:
                    symbol, n_symbols = intern(
                        text,
                        first,
                        length,
                        symbol_table,
                        symbol_mask,
                        symbols,
                        n_symbols,
                        last_symbol,
                    )
                    last_symbol = symbol
                pair = 2 * (m * _N_TEXTS + _EXCHANGE)
                first, length = np.int64(texts[pair]), np.int64(texts[pair + 1])
                if length > 0:
                    exchange, n_exchanges = intern(
                        text,
                        first,
                        length,
                        exchange_table,
                        exchange_mask,
                        exchanges,
                        n_exchanges,
                        last_exchange,
                    )
                    last_exchange = exchange
                names[m, 0], names[m, 1] = symbol, exchange
                m += 1
            index += 1
            at = _skip_space(text, stop, end)
        if whole != 0:
            m, n_unknown = first_m, first_unknown
            n_long = first_long
            n_rejects = note_reject(rejects, first_reject, row, begin, end, 0, whole, 0)
            sessions[row] = 0
    return m, n_symbols, n_exchanges, n_unknown, n_long, n_rejects, n
