"""Workers load every kernel before the first record: none is compiled while records wait."""

import dataclasses
import subprocess
import sys
from itertools import chain, repeat

import numpy as np
import pyarrow as pa
from numba.core.dispatcher import Dispatcher

from scripts.generate import orders
from scripts.generate.feed import Feed, blocks
from tests.udfs.makers import batch_of, text, trade
from tests.udfs.test_shard import RULES
from udfs.analytics import AnalyticsRules
from udfs.periods import ModelRules, SlidingWindow
from udfs.shard import Shard
from udfs.sources import ORDERS, PARTITIONS_PER_TOPIC


def _kernels() -> set[tuple[str, str]]:
    """Every kernel that is ready, by the types that it takes."""
    return {
        (f"{module.__name__}.{name}", str(signature))
        for module in [each for key, each in sys.modules.items() if key.startswith("udfs.")]
        for name, kernel in vars(module).items()
        if isinstance(kernel, Dispatcher)
        for signature in kernel.signatures
    }


def main() -> None:
    """Does what the workers do, in a process of its own; prints what was not ready."""
    from udfs import flink, shard  # makes the process a worker of Flink's

    topics = {0: "trades", ORDERS: "orders"}
    every = AnalyticsRules(
        windows=(SlidingWindow("3s", 3_000, "1s"),), model=ModelRules(("1s",), window=2)
    )
    rules = dataclasses.replace(RULES, topics=topics, analytics=every)
    decode = flink.Decode(topics, "dead_letters", 0, 2, 60_000, 500)
    decode.open(None)
    shard.warm_up()
    ready = _kernels()
    feed = Feed(count=2_000, rate=1_000, block_s=1, bad=0.1)
    made = [m.value for m in chain.from_iterable(blocks(feed))]
    ids = (7, "seven", "a longer id than sixteen bytes", "ß", None)
    made += [text(trade(trade_id=each, exchange="X")) for each in ids]
    made += [text([trade(price=1e-9), trade(price=0.1 + 0.2), trade(quantity=12345.678901)])]
    trades = len(made)
    mixed = orders.blocks(feed, orders.Mix(80, 20))
    made += [m.value for m in chain.from_iterable(mixed)]
    sources = np.zeros(len(made), np.int32)
    sources[trades:] = ORDERS * PARTITIONS_PER_TOPIC
    time_ms = feed.start_ms + 1_000
    records = zip(made, repeat(time_ms), sources, range(len(made)))
    pieces = decode.eval(pa.array([batch_of(*records)], pa.binary())).values
    for number in range(2):
        each, entries = Shard(number, rules), []
        frames = [piece for piece in pieces.to_pylist() if piece.startswith(b"%04d" % number)]
        for piece in frames:
            each.take(piece, feed.start_ms, 0)
            entries += each.journal()[0]
        each = Shard.restored(number, rules, entries, 1)
        each.tick(feed.start_ms + 60_000, 1)
        for piece in frames:
            each.take(piece, feed.start_ms, 2)
        each.tick(feed.start_ms + 7_200_000, 3)
        assert each.journal()[0]
        Shard.of_snapshot(number, rules, each.snapshot(), 1)
    print("\n".join(sorted({name for name, _ in _kernels() - ready})))


def test_every_kernel_is_ready_before_the_first_record() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.udfs.test_warm_up"], capture_output=True, text=True
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.split() == []


if __name__ == "__main__":
    main()
