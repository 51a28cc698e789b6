import base64
import json

import numpy as np

from tests.udfs.makers import decoded, text, trade
from udfs import dead_letters
from udfs.reasons import Field, Reason, detail


def test_a_dead_letter_says_where_the_record_stood_why_it_is_one_and_what_it_was() -> None:
    broken = text(trade(price=-1))
    batch = decoded(text(trade()), b"[" + text(trade()) + b"," + broken + b"]")
    (letter,) = dead_letters.encode(
        batch.rejects,
        np.array([0, 65_536 + 2], np.int32),
        np.array([7, 2**40], np.int64),
        {0: "trades", 1: "raw_stock_ticks"},
        1_700_000_000_001,
    )
    fields = json.loads(letter)
    assert base64.b64decode(fields.pop("payload")) == broken
    assert fields == {
        "topic": "raw_stock_ticks",
        "partition": 2,
        "offset": 2**40,
        "index": 1,
        "reason": "invalid_price",
        "detail": "price must be above 0 (from 1e-15 to 1e15)",
        "rejected_at": 1_700_000_000_001,
    }
    assert letter.startswith(b"{")  # which tells it from a frame


def test_every_reason_has_a_sentence() -> None:
    sentences = {detail(reason, Field.PRICE) for reason in Reason}
    assert len(sentences) == len(Reason)
