"""Whether a text is JSON, in numba: the verdict on what is no trade at all.

Of what comes broken most is no JSON, or no object, and that takes no more than a look at its
characters (RFC 8259; RFC 3629 for UTF-8). What takes more is left open.
"""

from numba import njit

from udfs.reasons import Reason

ODD = 0
"""In place of a reason: not decided here."""
_DEEPEST = 60
"""Bits of the brackets that are open, each one whether it is an object's."""
_INVALID_JSON, _INVALID_UTF8 = int(Reason.INVALID_JSON), int(Reason.INVALID_UTF8)
_NOT_AN_OBJECT = int(Reason.NOT_AN_OBJECT)
_QUOTE, _BACKSLASH, _COMMA, _COLON = (ord(each) for each in '"\\,:')
_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY = (ord(each) for each in "{}[]")
_MINUS, _PLUS, _POINT, _ZERO, _NINE, _UPPER_E, _LOWER_E = (ord(each) for each in "-+.09Ee")
_SPACE, _ASCII = 0x20, 0x80
_SPACES = 1 << 32 | 1 << 13 | 1 << 10 | 1 << 9
"""Bits of the characters that JSON allows between values."""
_NO, _UNSURE = -1, -2
"""In place of where something ends: it is not valid JSON; not decided here."""


@njit(cache=True, inline="always")
def skip_space(text, at, end):  # type: ignore[no-untyped-def]
    """Where the space that begins at ``at`` ends."""
    while at < end and text[at] <= _SPACE and (_SPACES >> text[at]) & 1:
        at += 1
    return at


@njit(cache=True)
def verdict_on(text, at, end):  # type: ignore[no-untyped-def]
    """What is wrong with the text of one record: a reason; ODD if it may be an object."""
    first = skip_space(text, at, end)
    after = _value_end(text, first, end)
    if after == _UNSURE:
        return ODD
    if not _is_utf8(text, at, end):
        return _INVALID_UTF8
    if after == _NO or skip_space(text, after, end) < end:
        return _INVALID_JSON
    return ODD if text[first] == _OPEN_OBJECT else _NOT_AN_OBJECT


@njit(cache=True)
def _value_end(text, at, end):  # type: ignore[no-untyped-def]
    """Where the value that begins at ``at`` ends; _NO; or _UNSURE."""
    depth, kinds = 0, 0
    while True:
        if at >= end:
            return _NO
        byte = text[at]
        is_opened = byte == _OPEN_OBJECT or byte == _OPEN_ARRAY
        if is_opened:
            if depth == _DEEPEST:
                return _UNSURE
            depth += 1
            kinds = kinds << 1 | (byte == _OPEN_OBJECT)
            at += 1
        else:
            at = _scalar_end(text, at, end)
            if at < 0:
                return at
        # Behind the bracket, or the value; no comma comes before the first of what is in brackets.
        while depth > 0:
            at = skip_space(text, at, end)
            if at >= end:
                return _NO
            if text[at] == (_CLOSE_OBJECT if kinds & 1 else _CLOSE_ARRAY):
                depth -= 1
                kinds >>= 1
                at += 1
                is_opened = False
                continue
            if not is_opened:
                if text[at] != _COMMA:
                    return _NO
                at = skip_space(text, at + 1, end)
            break
        if depth == 0:
            return at
        if kinds & 1:
            at = _member_begin(text, at, end)
            if at < 0:
                return at


@njit(cache=True)
def _member_begin(text, at, end):  # type: ignore[no-untyped-def]
    """Where the value of the member whose key begins at ``at`` begins; or as ``_value_end``."""
    if at >= end or text[at] != _QUOTE:
        return _NO
    at = _string_end(text, at + 1, end)
    if at < 0:
        return at
    at = skip_space(text, at, end)
    if at >= end or text[at] != _COLON:
        return _NO
    return skip_space(text, at + 1, end)


@njit(cache=True)
def _string_end(text, at, end):  # type: ignore[no-untyped-def]
    """Where the string ends whose first character is at ``at``; or as ``_value_end``."""
    while at < end:
        byte = text[at]
        if byte == _QUOTE:
            return at + 1
        if byte == _BACKSLASH or byte < _SPACE:
            return _UNSURE
        at += 1
    return _NO


@njit(cache=True)
def _scalar_end(text, at, end):  # type: ignore[no-untyped-def]
    """Where the string, number or literal ends that begins at ``at``; or as ``_value_end``."""
    byte = text[at]
    if byte == _QUOTE:
        return _string_end(text, at + 1, end)
    if byte == _MINUS or _ZERO <= byte <= _NINE:
        return _number_end(text, at, end)
    return literal_end(text, at, end)


@njit(cache=True, inline="always")
def literal_end(text, at, end):  # type: ignore[no-untyped-def]
    """Where true, false or null ends that begins at ``at``; _NO if none does."""
    if end - at >= 4:
        a, b, c, d = text[at], text[at + 1], text[at + 2], text[at + 3]
        if a == 110 and b == 117 and c == 108 and d == 108:
            return at + 4
        if a == 116 and b == 114 and c == 117 and d == 101:
            return at + 4
        if end - at >= 5 and a == 102 and b == 97 and c == 108 and d == 115 and text[at + 4] == 101:
            return at + 5
    return _NO


@njit(cache=True)
def _number_end(text, at, end):  # type: ignore[no-untyped-def]
    """Where the number ends that begins at ``at``; _NO if it is none."""
    if text[at] == _MINUS:
        at += 1
    first = at
    at = _digits_end(text, at, end)
    if at == first or (at - first > 1 and text[first] == _ZERO):
        return _NO
    if at < end and text[at] == _POINT:
        first = at + 1
        at = _digits_end(text, first, end)
        if at == first:
            return _NO
    if at < end and (text[at] == _UPPER_E or text[at] == _LOWER_E):
        at += 1
        if at < end and (text[at] == _PLUS or text[at] == _MINUS):
            at += 1
        first = at
        at = _digits_end(text, first, end)
        if at == first:
            return _NO
    return at


@njit(cache=True, inline="always")
def _digits_end(text, at, end):  # type: ignore[no-untyped-def]
    while at < end and _ZERO <= text[at] <= _NINE:
        at += 1
    return at


@njit(cache=True)
def _is_utf8(text, at, end):  # type: ignore[no-untyped-def]
    while at < end:
        byte = text[at]
        at += 1
        if byte < _ASCII:
            continue
        # How many bytes follow, and between which the first of them is.
        least, most = 0x80, 0xBF
        if 0xC2 <= byte <= 0xDF:
            more = 1
        elif 0xE0 <= byte <= 0xEF:
            more = 2
            if byte == 0xE0:
                least = 0xA0
            elif byte == 0xED:  # no halves of surrogate pairs
                most = 0x9F
        elif 0xF0 <= byte <= 0xF4:
            more = 3
            if byte == 0xF0:
                least = 0x90
            elif byte == 0xF4:
                most = 0x8F
        else:
            return False
        if at + more > end or not least <= text[at] <= most:
            return False
        for i in range(1, more):
            if text[at + i] & 0xC0 != 0x80:
                return False
        at += more
    return True
