"""Late trades: those that came when their candles were past correcting."""

import msgspec

from udfs import records
from udfs.frames import Frame
from udfs.messages import Messages
from udfs.sources import Topics, named


class LateTrade(records.Trade, frozen=True, gc=False):
    """A late trade as its topic has it."""

    lateness: int
    """ms behind the watermark."""
    topic: str
    partition: int
    offset: int


_json = msgspec.json.Encoder()


def messages(frame: Frame, watermark_ms: int, topics: Topics) -> Messages:
    """The messages of the trades of a frame, all of them late."""
    made = []
    of_trades = frame.trades[["timestamp", "source", "offset"]].tolist()
    for (timestamp, source, offset), fields in zip(of_trades, records.fields(frame), strict=True):
        late = LateTrade(*fields, watermark_ms - timestamp, *named(source, topics), offset)
        made.append((late.symbol.encode(), _json.encode(late)))
    return Messages.of(made)
