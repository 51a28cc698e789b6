"""The keyed process function that hands the state of a job's shards to those it has now."""

from collections.abc import Iterator

from pyflink.common import Row
from pyflink.datastream import KeyedProcessFunction, RuntimeContext

from jobs import journal
from jobs.aggregate import JOURNAL
from udfs import handover, shard
from udfs.shard import HANDED_OVER, Rules


class HandOver(KeyedProcessFunction):  # type: ignore[misc]
    """In place of the ``Aggregate`` of before, with its uid and so its state.

    The first element of each key makes it hand over that shard's state; it takes no notice of
    what else comes, nor of the timers that it took over.
    """

    def __init__(self, before: Rules, shards: int) -> None:
        self._before = before
        self._shards = shards

    def open(self, runtime_context: RuntimeContext) -> None:
        """Loads the compiled kernels."""
        shard.warm_up()
        self._journal = journal.of(runtime_context, JOURNAL)
        self._done: set[int] = set()

    def process_element(self, value: bytes, ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        """Anything -> rows of shard and piece, once."""
        number = ctx.get_current_key()
        if number not in self._done:
            self._done.add(number)
            entries = list(self._journal.get())
            for part in handover.parts(number, self._before, entries, self._shards):
                yield Row(*part)
            self._journal.update([HANDED_OVER])

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> tuple[()]:
        """Nothing: a timer of the shard that was."""
        del timestamp, ctx
        return ()
