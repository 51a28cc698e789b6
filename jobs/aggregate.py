"""The keyed process function of the main job: frames of a shard in, messages to the outputs out."""

import time
from collections.abc import Iterator, Mapping

from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.metrics import Counter

import udfs.flink  # noqa: F401  (first: it makes numba importable in a worker)
from jobs import journal
from udfs import handover, messages, shard, sources
from udfs.handover import Heir
from udfs.ring import Ring
from udfs.shard import Output, Rules, Shard
from udfs.windows import NEVER

MESSAGES = Types.ROW_NAMED(["messages"], [Types.PRIMITIVE_ARRAY(Types.BYTE())])
"""All messages that follow from one frame: see ``udfs.messages``. Or, after their mark, closes."""
CLOSES = b"C"
"""The mark of the closes of minutes, which are for the correlations."""
JOURNAL = "journal"
"""The name of the state of a shard."""
_AT_THE_END = NEVER - 1
"""Timers of this event time fire when a bounded input has ended."""


class Aggregate(KeyedProcessFunction):  # type: ignore[misc]
    """Hands frames and time to the shards, and their journals to Flink's state.

    Shards live in the worker's memory. Flink starts a new worker whenever it restores state, so
    each is read from its journal when its key is first seen.

    Args:
        rules: What the settings say.
        topics: The topic of each output.
        ring_bytes: The memory for messages that it shares with the JVM: see ``udfs.ring``.
    """

    def __init__(self, rules: Rules, topics: Mapping[str, str], ring_bytes: int) -> None:
        self._rules = rules
        self._topics = topics
        self._ring_bytes = ring_bytes

    def open(self, runtime_context: RuntimeContext) -> None:
        """Loads the compiled kernels before the first frame."""
        self._ring = Ring(self._ring_bytes)
        shard.warm_up()
        self._journal = journal.of(runtime_context, JOURNAL)
        self._opened_ms = time.time_ns() // 1_000_000
        self._is_restarted = runtime_context.get_attempt_number() > 0
        self._shards: dict[int, Shard | Heir] = {}
        self._timers: dict[int, int] = {}
        self._metrics = runtime_context.get_metrics_group()
        self._counters: dict[tuple[int, str], Counter] = {}

    def close(self) -> None:
        """Gives up what it shares."""
        self._ring.close()

    def process_element(self, value: bytes, ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        """A frame, or a tally -> rows of MESSAGES; a checkpoint that comes -> the journal."""
        if value == journal.CHECKPOINT:
            known = self._shards.get(ctx.get_current_key())
            if known is not None:
                journal.write(self._journal, known.journal())
            return
        each, watermark, now_ms = self._look(ctx)
        for other in self._shards.values():
            other.hear(now_ms)
        yield from self._publish(each, each.take(value, watermark, now_ms), ctx, now_ms)

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[Row]:
        """The time that a shard waited for has come -> rows of MESSAGES."""
        each, watermark, now_ms = self._look(ctx)
        if self._timers.get(each.number) == timestamp:
            del self._timers[each.number]
        yield from self._publish(each, each.tick(watermark, now_ms), ctx, now_ms)

    def _look(self, ctx: KeyedProcessFunction.Context) -> tuple[Shard | Heir, int, int]:
        """The shard of the current key, the watermark and the clock."""
        number = ctx.get_current_key()
        each = self._shards.get(number)
        if each is None:
            entries = list(self._journal.get())
            # A job that was submitted again has a state, or gets one; one restarted before its
            # first checkpoint has none, but may have published all the same.
            went_back = entries or self._rules.shards_before or self._is_restarted
            recovered_ms = self._opened_ms if went_back else 0
            each = handover.restored(number, self._rules, entries, recovered_ms)
            self._shards[number] = each
            ctx.timer_service().register_event_time_timer(_AT_THE_END)
        now_ms = time.time_ns() // 1_000_000
        return each, ctx.timer_service().current_watermark(), now_ms

    def _publish(
        self,
        each: Shard | Heir,
        published: list[Output],
        ctx: KeyedProcessFunction.Context,
        now_ms: int,
    ) -> Iterator[Row]:
        made = []
        for output, some in published:
            if output == "closes":
                for _, closes in some:
                    yield Row(CLOSES + closes)
            elif some:
                made.append((self._topics[output], some))
        if made:
            yield from map(Row, self._ring.send(messages.pack(made)))
        if isinstance(each, Heir) and each.shard is not None:
            each = self._shards[each.number] = each.shard
        for source, name, count in each.changes:
            self._counter(source, name).inc(count)
        each.changes.clear()
        event_time, clock = each.due(now_ms)
        timers = ctx.timer_service()
        if event_time < _AT_THE_END:
            timers.register_event_time_timer(event_time)
        if clock is not None and not now_ms < self._timers.get(each.number, 0) <= clock:
            self._timers[each.number] = clock
            timers.register_processing_time_timer(clock)

    def _counter(self, source: int, name: str) -> Counter:
        """Flink's metric of what became of the records of one partition."""
        counter = self._counters.get((source, name))
        if counter is None:
            topic, partition = sources.named(source, self._rules.topics)
            group = self._metrics.add_group("topic", topic)
            group = group.add_group("partition", str(partition))
            counter = self._counters[source, name] = group.counter(f"records_{name}")
        return counter
