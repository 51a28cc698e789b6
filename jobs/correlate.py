"""The keyed process function behind the shards: closes of minutes in, correlations out."""

import time
from collections.abc import Iterator

from pyflink.common import Row
from pyflink.datastream import KeyedProcessFunction, RuntimeContext

import udfs.flink  # noqa: F401  (first: it makes numba importable in a worker)
from jobs import journal
from jobs.aggregate import CLOSES
from udfs import messages, pairs
from udfs.clock import Clock
from udfs.correlations import Correlations
from udfs.messages import Messages
from udfs.periods import CorrelationRules

_AFTER_MS = 2_000
"""The shards, which see by the clock that a minute is over, get so long to say how it closed."""


class Correlate(KeyedProcessFunction):  # type: ignore[misc]
    """Hands closes and time to the correlations, and their journal to Flink's state.

    All closes have one key, as a pair's may come of any two shards.
    """

    def __init__(self, rules: CorrelationRules, topic: str) -> None:
        self._rules = rules
        self._topic = topic

    def open(self, runtime_context: RuntimeContext) -> None:
        """Loads the compiled kernels; finds the state, which the first element has it read."""
        pairs.warm_up()
        self._journal = journal.of(runtime_context, "closes")
        self._correlations: Correlations | None = None
        quiet_ms = self._rules.quiet_ms
        self._clock = Clock(quiet_ms and quiet_ms + _AFTER_MS)
        self._timer_ms = 0

    def process_element(self, value: bytes, ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        """Closes of some minutes -> rows of MESSAGES; a checkpoint that comes -> the journal."""
        if value == journal.CHECKPOINT:
            if self._correlations is not None:
                journal.write(self._journal, self._correlations.journal())
            return
        # What they are of may be over: the watermark comes behind all that a minute had.
        self._all().take(value[len(CLOSES) :])
        self._clock.heard(time.time_ns() // 1_000_000)
        yield from self._tick(ctx)

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[Row]:
        """A minute is over, by the watermark or by the clock -> rows of MESSAGES."""
        del timestamp
        yield from self._tick(ctx)

    def _all(self) -> Correlations:
        if self._correlations is None:
            self._correlations = Correlations(self._rules, self._journal.get())
        return self._correlations

    def _tick(self, ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        each, timers = self._all(), ctx.timer_service()
        now_ms = time.time_ns() // 1_000_000
        passed = self._clock.passed(timers.current_watermark(), now_ms)
        made = Messages.of(each.tick(passed, None if self._rules.stamp_end else now_ms))
        if made:
            yield Row(messages.pack([(self._topic, made)]))
        end = each.next_end
        if end is not None:
            timers.register_event_time_timer(end - 1)
            clock_ms = self._clock.reaches(end, now_ms)
            if clock_ms is not None and not now_ms < self._timer_ms <= clock_ms:
                self._timer_ms = max(clock_ms, now_ms + 1)
                timers.register_processing_time_timer(self._timer_ms)
