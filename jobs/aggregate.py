"""The keyed process function of the main job: frames of a shard in, partial candles out."""

from collections.abc import Iterator

from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, OutputTag, RuntimeContext

import udfs.flink  # noqa: F401  (first: it makes numba importable in a worker)
from jobs.candles import PARTIAL_COLUMNS
from udfs import candles, frames, late
from udfs.candles import LIMBS

_LIMB_TYPES = [Types.LONG()] * (3 * LIMBS)
PARTIAL_TYPE = Types.ROW_NAMED(
    list(PARTIAL_COLUMNS),
    [
        Types.STRING(),
        Types.LONG(),
        Types.STRING(),
        Types.STRING(),
        Types.DOUBLE(),
        Types.DOUBLE(),
        Types.LONG(),
        *_LIMB_TYPES,
    ],
)
LATE_TYPE = Types.ROW_NAMED(
    list(late.COLUMNS),
    [
        Types.STRING(),
        Types.DOUBLE(),
        Types.DOUBLE(),
        Types.LONG(),
        Types.STRING(),
        Types.STRING(),
        Types.STRING(),
        Types.LONG(),
        Types.INT(),
        Types.INT(),
        Types.LONG(),
    ],
)
LATE = OutputTag("late", LATE_TYPE)


class Aggregate(KeyedProcessFunction):  # type: ignore[misc]
    """Turns frames into partial candles; trades of closed seconds go aside as late."""

    def open(self, runtime_context: RuntimeContext) -> None:
        """Loads the compiled kernels before the first frame."""
        del runtime_context
        candles.warm_up()

    def process_element(
        self, value: bytes, ctx: KeyedProcessFunction.Context
    ) -> Iterator[Row | tuple[OutputTag, Row]]:
        """The bytes of a frame -> rows of PARTIAL_TYPE, and of LATE_TYPE to the side."""
        frame = frames.unpack(value)
        watermark = ctx.timer_service().current_watermark()
        in_time, too_late = late.split(frame, watermark)
        if too_late is not None:
            for fields in late.rows(frame, too_late, watermark):
                yield LATE, Row(*fields)
        for p in candles.partial_candles(in_time):
            yield Row(
                p.symbol,
                p.second,
                p.open_key,
                p.close_key,
                p.high,
                p.low,
                p.trades,
                *p.volume,
                *p.notional,
                *p.buy_volume,
            )
