"""Trades and messages for the tests of the kernels."""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from udfs import scanner
from udfs.frames import Frame
from udfs.messages import Messages
from udfs.trades import INLINE_ID_BYTES, TRADE, Batch, decode
from udfs.words import WORD_BYTES

NOW_MS = 1_700_000_000_000
Message = tuple[str, bytes, bytes]
"""Which output, and key and value of a message to it."""


def trade(**changes: Any) -> dict[str, Any]:
    """A valid trade, with these fields changed."""
    return {
        "symbol": "BTCUSDT",
        "price": 67012.5,
        "quantity": 0.25,
        "timestamp": NOW_MS,
        "side": "buy",
        "trade_id": 7,
        "exchange": "BINANCE",
        **changes,
    }


def text(value: Any) -> bytes:
    """The value as compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


def column(*messages: bytes | None) -> pa.BinaryArray:
    """The messages as the middle of a longer column, so that no end of it matters."""
    return pa.array([b"!", *messages, b"!" * WORD_BYTES * 2], pa.binary())[1:-1]


def batch_of(*records: tuple[bytes | None, int, int, int]) -> bytes:
    """The batch that the JVM makes of records: payload, time (ms), source and offset of each."""
    values, times, sources, offsets = zip(*records, strict=True) if records else ((),) * 4
    lengths = [-1 if value is None else len(value) for value in values]
    payloads = b"".join(value or b"" for value in values)
    columns = (times, "<i8"), (offsets, "<i8"), (sources, "<i4"), (lengths, "<i4")
    parts = [np.array(values_of, dtype).tobytes() for values_of, dtype in columns]
    head = np.array([len(records), len(payloads)], "<i8").tobytes()
    return b"".join([head, payloads, *parts])


def each_of(published: Iterable[tuple[str, Messages]]) -> list[Message]:
    """Each message of what a shard publishes, in its order."""
    return [(output, *message) for output, messages in published for message in messages]


def decoded(*messages: bytes | None, now_ms: int = NOW_MS, ahead_ms: int = 60_000) -> Batch:
    """The one batch of these messages, which stand at offsets 0, 1, 2... of source 0."""
    n = len(messages)
    times = np.full(n, now_ms, np.int64)
    sources, offsets = np.zeros(n, np.int32), np.arange(n)
    (batch,) = decode(column(*messages), times, sources, offsets, ahead_ms)
    return batch


trade_ids = st.text(min_size=1, max_size=64).filter(lambda text: len(text.encode()) <= 64)
trades = st.fixed_dictionaries(
    {
        "symbol": st.text(min_size=1, max_size=32),
        "price": st.floats(1e-6, 1e6) | st.integers(1, 10**9),
        "quantity": st.floats(1e-6, 1e6) | st.integers(1, 10**6),
        "timestamp": st.integers(scanner.OLDEST_MS, NOW_MS),
        "side": st.sampled_from(["buy", "sell"]),
    },
    optional={
        "trade_id": st.integers(0, 10**18) | trade_ids | st.none(),
        "exchange": st.text(min_size=1, max_size=32) | st.none(),
        "other": st.none() | st.booleans() | st.text() | st.lists(st.integers()),
    },
)
"""Valid trades, most of them odd to the scanner."""


def random_frame(rng: np.random.Generator, n: int, symbols: int = 5, span_ms: int = 5_000) -> Frame:
    """Random trades as a frame, of symbols S0, S1, S2..., with short and long ids."""
    made = random_trades(rng, n, symbols, span_ms)
    return frame_of(made, [random_id(rng) for _ in range(n)], symbols)


def random_id(rng: np.random.Generator) -> bytes:
    """An id of few letters: many are equal, in their first, their last or all bytes."""
    length = int(rng.choice([0, 1, 2, 15, 16, 17, 40, 64]))
    middle = rng.choice(list(b"ab"), min(length, 2)).astype("u1").tobytes()
    return middle[:1] + b"-" * (length - 2) + middle[1:]


def frame_of(trades: "np.ndarray[Any, np.dtype[np.void]]", ids: list[bytes], symbols: int) -> Frame:
    """Trades with these ids as a frame."""
    trades["id_length"] = [len(i) for i in ids]
    for column, at in (("id_high", 0), ("id_low", 8)):
        trades[column] = [int.from_bytes(i[-16:].rjust(16, b"\0")[at : at + 8], "big") for i in ids]
    long_ids = b"".join(i for i in ids if len(i) > INLINE_ID_BYTES)
    return Frame(0, trades, [f"S{i}" for i in range(symbols)], [], long_ids)


def random_trades(
    rng: np.random.Generator, n: int, symbols: int = 5, span_ms: int = 5_000
) -> "np.ndarray[Any, np.dtype[np.void]]":
    """Trades as the kernels see them, without ids."""
    made = np.zeros(n, TRADE)
    made["timestamp"] = NOW_MS + rng.integers(0, span_ms, n)
    made["price"] = np.round(rng.lognormal(4, 2, n), 4) + 0.0001
    made["quantity"] = rng.lognormal(0, 3, n)
    made["symbol"] = rng.integers(0, symbols, n)
    made["side"] = rng.integers(1, 3, n)
    made["exchange"] = -1
    return made
