import numpy as np
import pytest

from tests.udfs.makers import NOW_MS, decoded, text, trade
from udfs import frames, late

SECOND = NOW_MS // 1_000 * 1_000


@pytest.mark.parametrize(
    ("timestamp", "watermark", "is_late"),
    [
        (SECOND, SECOND + 998, False),  # the second is still open
        (SECOND + 999, SECOND + 998, False),
        (SECOND, SECOND + 999, True),  # the watermark has reached its last millisecond
        (SECOND + 999, SECOND + 999, True),
        (SECOND + 1_000, SECOND + 999, False),
        (SECOND, -(2**63), False),  # no watermark yet
    ],
)
def test_a_trade_is_late_once_its_second_is_closed(
    timestamp: int, watermark: int, is_late: bool
) -> None:
    (frame,) = frames.split(decoded(text(trade(timestamp=timestamp))), 1)
    in_time, places = late.split(frame, watermark)
    assert (places is not None) == is_late
    assert in_time.trades.size == (0 if is_late else 1)


def test_a_late_trade_keeps_its_fields_and_its_place_in_the_topic() -> None:
    batch = decoded(
        text(trade(timestamp=SECOND, trade_id="x" * 20)),
        text(trade(timestamp=SECOND + 5_000, trade_id="y" * 30)),
        text(trade(timestamp=SECOND + 1, side="sell", trade_id=None, exchange=None)),
    )
    batch.trades["source"] = 65_536 + 3
    batch.trades["offset"] = [10, 11, 12]
    (frame,) = frames.split(batch, 1)
    in_time, places = late.split(frame, SECOND + 2_000)
    assert in_time.trades["offset"].tolist() == [11]
    assert frames.trade_ids(in_time) == ["y" * 30]
    assert places is not None
    assert list(late.rows(frame, places, SECOND + 2_000)) == [
        ("BTCUSDT", 67012.5, 0.25, SECOND, "buy", "x" * 20, "BINANCE", 2_000, 1, 3, 10),
        ("BTCUSDT", 67012.5, 0.25, SECOND + 1, "sell", None, None, 1_999, 1, 3, 12),
    ]
    assert np.isin(places, [0, 2]).all()
