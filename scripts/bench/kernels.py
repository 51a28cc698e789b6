"""How fast the kernels are on one core: ``python -m scripts.bench.kernels``.

Best of several runs over the same 500,000 JSON trades, in batches of 100,000: from Kafka messages
to frames, and on to candles, without Kafka and Flink. Then 200,000 messages of FIX: parsed, proved
and judged, and their checksums alone.
"""

import os
import time
from collections.abc import Callable
from itertools import chain

import numpy as np
import pyarrow as pa

from scripts.generate import orders
from scripts.generate.feed import Feed, blocks
from scripts.generate.messages import Message
from udfs import candles, checksum, fix, frames, trades

TRADES = 500_000
FIX_MESSAGES = 200_000
BATCH = 100_000
RUNS = 5
MIX = orders.Mix(98, 2)


def main() -> None:
    """Measures and prints."""
    os.sched_setaffinity(0, {0})  # one core
    for module in (trades, frames, candles, fix, checksum):
        module.warm_up()
    for name, packed, bad in (
        ("single", 1, 0.0),
        ("single, 5% broken", 1, 0.05),
        ("packed", 100, 0.0),
    ):
        feed = Feed(count=TRADES, packed=packed, bad=bad, rate=10_000, block_s=60)
        messages = list(chain.from_iterable(blocks(feed)))
        best = min(_run(messages, BATCH // packed) for _ in range(RUNS))
        print(f"{TRADES:,} trades, {name}: {best:.3f} s, {TRADES / best / 1e6:.2f} million/s")
    _measure_fix()


def _measure_fix() -> None:
    """Measures and prints what is done with FIX."""
    feed = Feed(count=FIX_MESSAGES, rate=10_000, block_s=60)
    values = [message.value for message in chain.from_iterable(orders.blocks(feed, MIX))]
    batches = [
        pa.array(values[first : first + BATCH], pa.binary())
        for first in range(0, FIX_MESSAGES, BATCH)
    ]
    size = sum(map(len, values)) / FIX_MESSAGES
    for name, kernel in (
        ("parsed, proved and judged", fix.decode),
        ("CheckSum alone", checksum.fix_checksums),
        ("CRC32 alone", checksum.crc32s),
    ):
        best = min(_seconds(kernel, batches) for _ in range(RUNS))
        print(
            f"{FIX_MESSAGES:,} messages of FIX, {size:.0f} bytes each, {name}: "
            f"{best / FIX_MESSAGES * 1e6:.3f} us each, {FIX_MESSAGES / best / 1e6:.2f} million/s"
        )


def _seconds(kernel: Callable[[pa.BinaryArray], object], batches: list[pa.BinaryArray]) -> float:
    start = time.perf_counter()
    for batch in batches:
        kernel(batch)
    return time.perf_counter() - start


def _run(messages: list[Message], rows: int) -> float:
    """Seconds from the messages' bytes to 1 s candles."""
    batches = []
    for first in range(0, len(messages), rows):
        part = messages[first : first + rows]
        batches.append(
            (
                pa.array([message.value for message in part], pa.binary()),
                np.array([message.timestamp_ms for message in part]),
                np.zeros(len(part), np.int32),
                np.arange(len(part)),
            )
        )
    start = time.perf_counter()
    for values, times_ms, sources, offsets in batches:
        for batch in trades.decode(values, times_ms, sources, offsets, 60_000):
            for frame in frames.split(batch, 16):
                candles.of_frame(frames.unpack(frames.pack(frame)))
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
