"""Anomalies of trades as JSON, written by a kernel: where trades are wild, one in ten is one.

What it writes is what ``msgspec`` makes of an ``Anomaly``, but for the statistics, which have
``writing.SIGNIFICANT`` digits. A number that it cannot write makes its message an odd one.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.sources import Topics, named
from udfs.trades import TRADE
from udfs.writing import (
    MOST_BYTES,
    joined,
    parted,
    put_exact,
    put_integer,
    put_rounded,
    put_text,
)
from udfs.zscore import FINDING, PRICE

SEVERITIES = ((2.0, "critical"), (1.5, "major"), (0.0, "minor"))
"""From which multiple of the threshold on an anomaly is how severe."""
_LEAST = np.array([least for least, _ in SEVERITIES])
_TIMESTAMP, _OF_PRICE, _OF_QUANTITY, _MEAN, _DEVIATION, _Z, _THRESHOLD = range(7)
_COUNT, _OFFSET, _UPDATED_AT, _END, _SEVERITY = range(7, 12)
_NAMES = _SEVERITY + len(SEVERITIES)
_FIXED = [
    *(b',"timestamp":', b',"kind":"price","interval":null,"value":'),
    *(b',"kind":"quantity","interval":null,"value":', b',"mean":', b',"standard_deviation":'),
    *(b',"z":', b',"threshold":', b',"count":', b',"offset":', b',"updated_at":', b"}"),
    *(b',"severity":"%s"' % name.encode() for _, name in SEVERITIES),
]
_NUMBERS = 9
"""That a message has, at most."""


def write(
    about: NDArray[np.void],
    found: NDArray[np.void],
    names: Sequence[str],
    topics: Topics,
    now_ms: int | None,
) -> list[bytes]:
    """The messages of findings of kind PRICE and QUANTITY, updated now.

    Args:
        about: (n,) of TRADE, which each of them is about.
        found: (n,) of FINDING.
        names: Of the symbols, by code.
        topics: By their numbers.
        now_ms: When; at the time of its trade if that is None.

    Returns:
        n of them, the odd ones empty.
    """
    codes, symbols = np.unique(about["symbol"], return_inverse=True)
    numbers, sources = np.unique(about["source"], return_inverse=True)
    of_symbols = [b'{"symbol":' + msgspec.json.encode(names[code]) for code in codes.tolist()]
    of_sources = [_place(*named(number, topics)) for number in numbers.tolist()]
    pieces = [*_FIXED, *of_symbols, *of_sources]
    longest = max(map(len, of_symbols), default=0) + max(map(len, of_sources), default=0)
    most = sum(map(len, _FIXED)) + longest + _NUMBERS * MOST_BYTES
    out = np.empty(found.size * most, np.uint8)
    stops = np.empty(found.size + 1, np.int64)
    updated = about["timestamp"] if now_ms is None else np.full(found.size, now_ms, np.int64)
    symbols, sources = _NAMES + symbols, _NAMES + codes.size + sources
    _write(about, found, symbols, sources, updated, *joined(pieces), out, stops)
    return parted(out, stops)


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    write(np.zeros(1, TRADE), np.zeros(1, FINDING), [""], {0: ""}, None)
    write(np.zeros(1, TRADE), np.zeros(1, FINDING), [""], {0: ""}, 0)


def _place(topic: str, partition: int) -> bytes:
    return b',"topic":%b,"partition":%d' % (msgspec.json.encode(topic), partition)


@njit(cache=True)
def _write(about, found, symbols, sources, updated, text, ends, out, stops):  # type: ignore[no-untyped-def]  # fmt: skip
    at = 0
    for i in range(found.size):
        stops[i] = start = at
        trade, finding = about[i], found[i]
        at = put_text(text, ends, symbols[i], out, at)
        at = put_text(text, ends, _TIMESTAMP, out, at)
        at = put_integer(trade.timestamp, out, at)
        is_price = finding.kind == PRICE
        at = put_text(text, ends, _OF_PRICE if is_price else _OF_QUANTITY, out, at)
        of_value = put_exact(trade.price if is_price else trade.quantity, out, at)
        at = put_text(text, ends, _MEAN, out, max(at, of_value))
        of_mean = put_rounded(finding.mean, out, at)
        at = put_text(text, ends, _DEVIATION, out, max(at, of_mean))
        of_deviation = put_rounded(finding.deviation, out, at)
        at = put_text(text, ends, _Z, out, max(at, of_deviation))
        of_z = put_rounded(finding.score, out, at)
        at = put_text(text, ends, _THRESHOLD, out, max(at, of_z))
        of_threshold = put_exact(finding.threshold, out, at)
        if min(of_value, of_mean, of_deviation, of_z, of_threshold) < 0:
            at = start
            continue
        severity = 0
        while abs(finding.score) < _LEAST[severity] * finding.threshold:
            severity += 1
        at = put_text(text, ends, _SEVERITY + severity, out, of_threshold)
        at = put_text(text, ends, _COUNT, out, at)
        at = put_integer(finding.count, out, at)
        at = put_text(text, ends, sources[i], out, at)
        at = put_text(text, ends, _OFFSET, out, at)
        at = put_integer(trade.offset, out, at)
        at = put_text(text, ends, _UPDATED_AT, out, at)
        at = put_integer(updated[i], out, at)
        at = put_text(text, ends, _END, out, at)
    stops[found.size] = at
