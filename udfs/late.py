"""Late trades: those that came when their candles were past correcting."""

import numpy as np
from numpy.typing import NDArray

from udfs import records
from udfs.forms import Chosen, Form, chosen, keyed, place_of
from udfs.frames import Frame, id_texts
from udfs.messages import Messages
from udfs.scanner import BUY
from udfs.sources import Topics


class LateTrade(records.Trade, frozen=True, gc=False):
    """A late trade as its topic has it."""

    lateness: int
    """ms behind the watermark."""
    topic: str
    partition: int
    offset: int


_FORM = Form(LateTrade)


def messages(
    frame: Frame, are_late: NDArray[np.bool_], watermark_ms: int, topics: Topics
) -> Messages:
    """The messages of those trades of a frame, (n,), that are late."""
    places = np.flatnonzero(are_late)
    trades = frame.trades.take(places)
    of_symbols = chosen(frame.symbols, trades["symbol"])
    written = _FORM.write(
        trades.size,
        symbol=of_symbols,
        price=trades["price"],
        quantity=trades["quantity"],
        timestamp=trades["timestamp"],
        side=Chosen(["sell", "buy"], trades["side"] == BUY),
        trade_id=id_texts(frame, places),
        exchange=Chosen([None, *frame.exchanges], trades["exchange"].astype(np.int64) + 1),
        lateness=watermark_ms - trades["timestamp"],
        **place_of(trades, topics),
    )
    return keyed(of_symbols, written)
