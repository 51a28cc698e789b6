"""Quality: gaps between trades, prices that look like typing errors, and running totals."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs.forms import Form, chosen, keyed, place_of, taken
from udfs.messages import Messages
from udfs.sources import Topics
from udfs.texts import in_turn
from udfs.zscore import GAP


class Gap(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="gap"):
    """No trade of a symbol for too long."""

    symbol: str
    timestamp: int
    """Of the trade that ended it, ms since epoch."""
    start: int
    """Of the trade before."""
    end: int
    length: int
    """ms."""
    threshold: int
    """The longest of the settings' lengths that it reached."""
    topic: str
    """Of the trade that ended it."""
    partition: int
    offset: int
    updated_at: int


class FatFinger(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="fat_finger"):
    """A price far off the rolling mean."""

    symbol: str
    timestamp: int
    price: float
    mean: float
    """Of the prices before it."""
    away: float
    """price / mean - 1."""
    threshold: float
    trades: int
    """Held against so many."""
    topic: str
    partition: int
    offset: int
    updated_at: int


class Totals(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="totals"):
    """What was counted of a symbol since the job first knew of it."""

    symbol: str
    timestamp: int
    """The newest of its trades."""
    trades: int
    """Without copies."""
    duplicates: int
    out_of_order: int
    """That came after one of a higher time."""
    out_of_order_share: float
    late: int
    """That came when event time had passed them: they are in no z-score and no gap."""
    fat_fingers: int
    anomalies: int
    """Trades that are."""
    crossed_clocks: int
    """That were stamped later than their Kafka record: one of the two clocks is wrong."""
    gaps: dict[str, int]
    """By the longest length (ms) of the settings that they reached."""
    updated_at: int


Event = Gap | FatFinger | Totals
_json = msgspec.json.Encoder()
_GAP, _FAT_FINGER = Form(Gap), Form(FatFinger)


def messages(
    trades: NDArray[np.void],
    found: NDArray[np.void],
    names: list[str],
    topics: Topics,
    now_ms: int | None,
) -> Messages:
    """The message of each of some findings about trades, updated now.

    At the time of the trade if that is None.
    """
    about = trades.take(found["trade"])
    of_symbols = chosen(names, about["symbol"])
    times = about["timestamp"]
    columns = {
        "symbol": of_symbols,
        "timestamp": times,
        "start": times - found["score"].astype(np.int64),
        "end": times,
        "length": found["score"],
        "price": about["price"],
        "mean": found["mean"],
        "away": found["score"],
        "threshold": found["threshold"],
        "trades": found["count"],
        **place_of(about, topics),
        "updated_at": times if now_ms is None else now_ms,
    }
    is_gap = found["kind"] == GAP
    fingers, gaps = (
        form.write(int(own.sum()), **taken(columns, own))
        for form, own in ((_FAT_FINGER, ~is_gap), (_GAP, is_gap))
    )
    return keyed(of_symbols, in_turn(fingers, gaps, is_gap))


def totals(
    symbols: NDArray[np.void],
    codes: NDArray[np.int64],
    gaps_ms: tuple[int, ...],
    names: list[str],
    now_ms: int | None,
) -> Messages:
    """The totals of each of some symbols, of ``zscore.SYMBOL``, updated now.

    At the time of its newest trade if that is None.
    """
    made = []
    for code, own in zip(codes.tolist(), symbols, strict=True):
        trades, out_of_order = int(own["trades"]), int(own["out_of_order"])
        newest = int(own["newest"])
        message = Totals(
            names[code],
            newest,
            trades,
            int(own["duplicates"]),
            out_of_order,
            out_of_order / trades if trades else 0.0,
            int(own["late"]),
            int(own["fat_fingers"]),
            int(own["anomalies"]),
            int(own["crossed"]),
            {str(length): int(n) for length, n in zip(gaps_ms, own["gaps"], strict=False)},
            newest if now_ms is None else now_ms,
        )
        made.append((names[code].encode(), _json.encode(message)))
    return Messages.of(made)
