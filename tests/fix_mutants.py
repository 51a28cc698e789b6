"""FIX messages for tests: valid ones of every kind, and the same, broken."""

import random
import re
from collections.abc import Iterator

from tests.fix_reference import SOH, framed, make

SYMBOLS = ("BTC-USD", "ETH-USD", "AAPL", "M", "ES Z6")
TIMES = ("20260102-03:04:05", "20260228-23:59:59.999", "20240229-00:00:00.123456")


def header(pick: random.Random, type: str) -> list[tuple[int, object]]:
    """The fields of a header in some order, the type first."""
    fields: list[tuple[int, object]] = [
        (49, "BROKER"),
        (56, "VENUE"),
        (34, pick.randrange(10**6)),
        (52, pick.choice(TIMES)),
    ]
    if pick.random() < 0.2:
        fields += [(50, "DESK"), (43, "N")]
    elif pick.random() < 0.1:
        fields += [(43, "Y"), (122, "20200101-00:00:00")]
    if pick.random() < 0.1:
        fields += [(90, 4), (91, b"\x01=\x018")]
    else:
        pick.shuffle(fields)
    return [(35, type), *fields]


def price(pick: random.Random) -> str:
    """Some price, written in one of the ways that FIX allows."""
    text = f"{pick.uniform(0.001, 99_999):.{pick.randrange(9)}f}"
    return pick.choice([text, text, f"00{text}", f"-{text}", f"{pick.randrange(10**6)}.", ".25"])


def instrument(pick: random.Random) -> list[tuple[int, object]]:
    """Symbol, and now and then more."""
    fields: list[tuple[int, object]] = [(55, pick.choice(SYMBOLS))]
    if pick.random() < 0.2:
        fields += [(167, pick.choice(["CS", "FUT"])), (200, "202612"), (205, pick.choice([1, 31]))]
    if pick.random() < 0.1:
        fields += [(350, 5), (351, b"a\x0110=")]
    return fields


def body(pick: random.Random, type: str) -> list[tuple[int, object]]:
    """The fields of a body in some order."""
    time = (60, pick.choice(TIMES))
    order = (11, f"order-{pick.randrange(10**9)}")
    parts: list[list[tuple[int, object]]]
    if type in "DG":
        parts = [
            [order],
            [(21, 1)],
            instrument(pick),
            [(54, pick.randrange(1, 10))],
            [time],
            [(38, pick.randrange(1, 1000))],
            [(40, pick.choice("12PA"))],
            [(44, price(pick))],
            [(59, pick.randrange(7))],
        ]
        parts += [[(41, "before")]] if type == "G" else []
        if pick.random() < 0.2:
            parts += [[(78, 2), (79, "a"), (80, 10), (79, "b")], [(18, "1 A W")]]
            parts += [[(386, 1), (336, "EARLY")], [(64, "20260228")], [(12, "-0.5")]]
    elif type == "F":
        parts = [[(41, "before")], [order], instrument(pick), [(54, 1)], [time], [(38, 5)]]
    elif type == "8":
        parts = [
            [(37, f"venue-{pick.randrange(10**9)}")],
            [(17, f"exec-{pick.randrange(10**9)}")],
            [(20, 0)],
            [(150, pick.choice("0124CF"))],
            [(39, pick.choice("012"))],
            instrument(pick),
            [(54, 2)],
            [(31, price(pick)), (32, pick.randrange(1, 100))],
            [(151, 10)],
            [(14, "5.5")],
            [(6, price(pick))],
            [time],
            [(30, "XNAS")],
        ]
        if pick.random() < 0.2:
            parts += [[(382, 1), (375, "x"), (337, "y"), (437, 5), (438, TIMES[1])], [(103, 0)]]
    elif type == "9":
        parts = [[(37, "none")], [order], [(41, "before")], [(39, 2)], [(434, 1)], [(102, 3)]]
    else:
        texts: dict[str, list[list[tuple[int, object]]]] = {
            "0": [],
            "1": [[(112, "hello")]],
            "2": [[(7, 1)], [(16, 0)]],
            "3": [[(45, 2)], [(373, 11)], [(58, "no")]],
            "4": [[(36, 9)], [(123, "Y")]],
            "5": [[(58, "bye"), (354, 2), (355, b"\x01\x01")]],
            "A": [[(98, 0)], [(108, 30)], [(384, 2), (372, "D"), (385, "S"), (372, "8")]],
        }
        parts = texts[type]
    if pick.random() < 0.2:
        parts += [[(5000 + pick.randrange(1000), "venue's own")], [(880, "match")]]
    pick.shuffle(parts)
    return [field for part in parts for field in part]


def valid(pick: random.Random) -> bytes:
    """Some valid message; most are orders."""
    type = pick.choice("DDDDFFGG8889012345A")
    trailer = [(93, 3), (89, b"\x0110")] if pick.random() < 0.1 else []
    return make(*header(pick, type), *body(pick, type), *trailer)


def mutants(seed: int, count: int) -> Iterator[bytes]:
    """So many messages, each broken in one to three ways, or in none."""
    pick = random.Random(seed)
    pool = [valid(pick) for _ in range(500)]
    for _ in range(count):
        message = pick.choice(pool)
        for _ in range(pick.choice((0, 1, 1, 1, 2, 3))):
            message = pick.choice(MUTATIONS)(pick, message) or b"8"
        yield message


def _flip(pick: random.Random, message: bytes) -> bytes:
    at = pick.randrange(len(message))
    return message[:at] + bytes([message[at] ^ 1 << pick.randrange(8)]) + message[at + 1 :]


def _cut(pick: random.Random, message: bytes) -> bytes:
    at, to = sorted(pick.randrange(len(message) + 1) for _ in range(2))
    return pick.choice([message[:at], message[to:], message[:at] + message[to:]])


def _insert(pick: random.Random, message: bytes) -> bytes:
    at = pick.randrange(len(message) + 1)
    more = pick.choice([SOH, b"=", b"0", b"-", b".", b" ", b"\x00", b"\xff", b"10=", b"8=FIX.4.2"])
    return message[:at] + more + message[at:]


def _wrong_sum(pick: random.Random, message: bytes) -> bytes:
    return message[:-4] + b"%03d" % pick.randrange(1000) + message[-1:]


def _wrong_length(pick: random.Random, message: bytes) -> bytes:
    length = re.search(rb"\x019=([0-9]*)", message)
    if not length:
        return message
    wrong = pick.choice([-1, 1, 7, -(10**3), 10**6, 10**9]) + int(length[1] or b"0")
    changed = message[: length.start(1)] + b"%d" % wrong + message[length.end(1) :]
    return changed[:-7] + b"10=%03d\x01" % (sum(changed[:-7]) % 256)


def _of_fields(pick: random.Random, message: bytes) -> bytes:
    """The fields of the body swapped, dropped, repeated or given other values; then framed anew."""
    fields = message.split(SOH)[2:-2]
    if not fields:
        return message
    at, to = pick.randrange(len(fields)), pick.randrange(len(fields))
    match pick.randrange(6):
        case 0:
            fields[at], fields[to] = fields[to], fields[at]
        case 1:
            del fields[at]
        case 2:
            fields.insert(to, fields[at])
        case 3:
            tag = fields[at].partition(b"=")[0]
            fields[at] = tag + b"=" + pick.choice(VALUES)
        case 4:
            value = fields[at].partition(b"=")[2]
            fields[at] = pick.choice(TAGS) + b"=" + value
        case _:
            fields.insert(to, pick.choice(TAGS) + b"=" + pick.choice(VALUES))
    return framed(b"".join(field + SOH for field in fields))


def _framed_again(pick: random.Random, message: bytes) -> bytes:
    """Broken inside, but proved by its length and sum."""
    begin, end = message.find(b"35="), len(message) - 7
    inside = message[begin:end] if 0 <= begin < end else b"35=D\x01"
    return framed(pick.choice([_flip, _insert, _cut])(pick, inside + SOH))


MUTATIONS = (_flip, _cut, _insert, _wrong_sum, _wrong_length, _of_fields, _of_fields, _framed_again)
VALUES = (
    *(b"", b"0", b"1", b"9", b"-1", b"+1", b"1.5", b"1e5", b"1.", b".", b"-", b"-.5", b"Y", b"n"),
    *(b"A", b"F", b"ZOO", b"ISO-2022-JP", b"1 2", b"1  2", b"1 2 ", b"12345678901234567890.123"),
    *(b"20260102-03:04:05", b"20260102-03:04:05.12", b"20260230-03:04:05", b"20260102-24:00:00"),
    *(b"20260102-03:04:60", b"20260102 03:04:05", b"20260102", b"202613", b"\xff\xfe", b"99999999"),
)
TAGS = (
    b"0 1 2 8 9 10 11 35 34 44 49 52 54 55 60 78 79 80 89 90 91 93 95 96 100 101 150 336 348 349"
    b" 386 446 447 511 512 999 5000 99999999"
).split()
