"""Rows of trades, right and wrong, and what the pipeline says of a message."""

import json
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from api.gateway.reasons import Fault
from api.gateway.trade import Trade
from tests.api.harness import NOW
from udfs.trades import decode

AHEAD = 60_000
LATEST = NOW + AHEAD


def latest_ms() -> int:
    return LATEST


def verdict_of_pipeline(message: bytes, time_ms: int = NOW) -> str:
    """The reason that the pipeline has for a message of one trade, or ``ok``."""
    (batch,) = decode(
        pa.array([message], pa.binary()),
        np.array([time_ms]),
        np.zeros(1, np.int32),
        np.zeros(1, np.int64),
        AHEAD,
    )
    assert len(batch.trades) + len(batch.rejects) == 1, message
    return "ok" if len(batch.trades) else batch.rejects[0].reason.code


def verdict(found: Trade | Fault) -> str:
    return found.reason if isinstance(found, Fault) else "ok"


def message(found: Trade) -> bytes:
    return msgspec.json.encode(found)


VALID: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "price": 97000.5,
    "quantity": 0.01,
    "timestamp": NOW,
    "side": "buy",
    "trade_id": "42",
    "exchange": "BINANCE",
}

_odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
_edges = st.sampled_from(
    [0, -1, 1e-15, 9.9e-16, 1e15, 1.1e15, 1e18, 10**15, 10**16, 10**40, 10**400, 5e-324, 0.1, 1]
)
_times = st.sampled_from(
    [LATEST, LATEST + 1, NOW, 946_684_800_000, 946_684_799_999, 0, -1, 10**30, 1.5, float(NOW)]
)
_texts = st.one_of(
    st.text(min_size=0, max_size=66),
    st.sampled_from(["x" * 32, "x" * 33, "é" * 32, "é" * 33, "x" * 64, "x" * 65, "", "a\nb", '"']),
)
_by_field = {
    "symbol": _texts,
    "price": _edges,
    "quantity": _edges,
    "timestamp": _times,
    "side": st.sampled_from(["buy", "sell", "BUY", "", "x"]),
    "trade_id": st.one_of(_texts, st.integers(), st.sampled_from([10**63, 10**64, -0, None])),
    "exchange": st.one_of(_texts, st.none()),
}


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """A valid trade in which up to three fields are missing, odd, or at a bound."""
    row = dict(VALID)
    for name in draw(st.lists(st.sampled_from(list(VALID)), max_size=3)):
        what = draw(st.integers(0, 3))
        if what == 0:
            row.pop(name, None)
        else:
            row[name] = draw(_odd if what == 1 else _by_field[name])
    if draw(st.booleans()):
        row[draw(st.text(max_size=5))] = draw(_odd)
    return {name: row[name] for name in draw(st.permutations(list(row)))}


def encoded(row: dict[str, Any]) -> bytes:
    return json.dumps(row).encode()
