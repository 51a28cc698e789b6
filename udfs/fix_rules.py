"""The table of ``udfs.fix42`` as arrays that a kernel can read, and where it puts values."""

import numpy as np

from udfs import fix42

TAGS = 512
"""Tags from here on are none of FIX 4.2."""

TYPES = "".join(fix42.MESSAGES)
"""The types of messages that are read; their places here are their numbers."""
TYPE_OF = np.full(256, -1, np.int8)
"""(256,) by its one character, the number of a type of message."""

# What a value looks like, by FIX's types.
STRING, CHAR, BOOLEAN, DECIMAL, INT, LENGTH, DATA, TIMESTAMP, DATE, MONTH, DAY, CHARS = range(1, 13)
_KIND_OF_TYPE = {
    "String": STRING,
    "Currency": STRING,
    "Exchange": STRING,
    "char": CHAR,
    "Boolean": BOOLEAN,
    "float": DECIMAL,
    "Qty": DECIMAL,
    "Price": DECIMAL,
    "PriceOffset": DECIMAL,
    "Amt": DECIMAL,
    "int": INT,
    "Length": LENGTH,
    "data": DATA,
    "UTCTimestamp": TIMESTAMP,
    "LocalMktDate": DATE,
    "month-year": MONTH,
    "day-of-month": DAY,
    "MultipleValueString": CHARS,
}

# Which values are kept of a message: the column of each tag.
NUMBERS = (38, 44, 31, 32, 151, 14, 6, 99, 34)
"""Numbers, as doubles."""
TIMES = (60, 52, 122)
"""Times, as microseconds since 1970."""
CHARACTERS = (54, 40, 59, 150, 39, 20, 434)
"""Single characters, as their codes."""
TEXTS = (55, 11, 41, 37, 17, 19, 49, 56, 30)
"""Texts, as their places."""

HEADER, BODY, TRAILER = 0, 1, 2

KIND = np.zeros(TAGS, np.uint8)
"""0: a tag of none of the messages that are read."""
IS_DEFINED = np.array([fix42.is_defined(tag) for tag in range(TAGS)])
SECTION = np.full(TAGS, BODY, np.uint8)
COLUMN = np.full(TAGS, -1, np.int8)
"""Among NUMBERS, TIMES, CHARACTERS or TEXTS, by the tag's kind."""
ALLOWED = np.zeros(TAGS, np.uint16)
"""A bit for each type of message whose body may have the tag."""
GROUP = np.full(TAGS, -1, np.int8)
"""Of a tag that counts the times of a group, or is inside it: which group that is."""
COUNTS = np.zeros(TAGS, np.bool_)
"""Whether the tag counts the times of its group."""
PLACE_IN_GROUP = np.zeros(TAGS, np.int8)
"""Inside a group: 0 for the tag that each time begins with."""
IN_GROUP = np.zeros(TAGS, np.uint16)
"""A bit for each type of message that has the tag inside a group."""
DATA_AFTER = np.zeros(TAGS, np.int16)
"""Of a tag that gives a length: the tag of the bytes that it is the length of."""
ONE_CHARACTER = np.zeros((TAGS, 2), np.uint64)
"""The values of one character that the tag may have: bits of the codes below 64 and below 128."""
FIRST_VALUE = np.zeros(TAGS + 1, np.int16)
"""Where the tag's values begin in LONGER_VALUES; they end where those of the next tag begin."""
REQUIRED = np.zeros((len(TYPES), TAGS // 64), np.uint64)
"""(types, 8) the tags, as bits, that a message must have, header included."""
LONGEST_VALUE = 16
"""Bytes of the longest value that a table of values may hold."""

_ANY = np.uint64(0xFFFFFFFFFFFFFFFF)


def _words(value: str) -> tuple[int, int]:
    data = value.encode().ljust(LONGEST_VALUE, b"\0")
    return int.from_bytes(data[:8], "little"), int.from_bytes(data[8:], "little")


def _fill() -> list[tuple[int, int]]:
    """Fills the arrays; returns the LONGER_VALUES."""
    for columns in (NUMBERS, TIMES, CHARACTERS, TEXTS):
        COLUMN[list(columns)] = range(len(columns))
    SECTION[list(fix42.HEADER.tags)] = HEADER
    SECTION[list(fix42.TRAILER.tags)] = TRAILER
    longer: list[tuple[int, int]] = []
    for tag in range(TAGS):
        FIRST_VALUE[tag] = len(longer)
        field = fix42.FIELDS.get(tag)
        if not field:
            continue
        KIND[tag] = _KIND_OF_TYPE[field.type]
        if field.type == "Length":
            DATA_AFTER[tag] = 89 if tag == 93 else tag + 1
        if not field.values:
            ONE_CHARACTER[tag] = _ANY
        for value in field.values:
            if len(value) == 1:
                high, low = divmod(ord(value), 64)
                ONE_CHARACTER[tag, high] |= np.uint64(1) << np.uint64(low)
            else:
                longer.append(_words(value))
    FIRST_VALUE[TAGS] = len(longer)
    groups = sorted({g for layout in fix42.MESSAGES.values() for g in layout.groups.items()})
    for number, (counter, members) in enumerate(groups):
        GROUP[[counter, *members]] = number
        COUNTS[counter] = True
        PLACE_IN_GROUP[list(members)] = range(len(members))
    for number, (kind, layout) in enumerate(fix42.MESSAGES.items()):
        TYPE_OF[ord(kind)] = number
        ALLOWED[list(layout.tags)] |= 1 << number
        for members in layout.groups.values():
            IN_GROUP[list(members)] |= 1 << number
        for tag in layout.required | fix42.HEADER.required:
            REQUIRED[number, tag // 64] |= np.uint64(1) << np.uint64(tag % 64)
    return longer


LONGER_VALUES = np.array(_fill(), np.uint64)
"""(values, 2) those of more than one character, as the words that load from them."""
