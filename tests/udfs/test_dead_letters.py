import base64
import json

import msgspec
import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.makers import NOW_MS, decoded, text, trade
from tests.udfs.test_fix import order
from udfs import dead_letters
from udfs.dead_letters import DeadLetter
from udfs.decoding import Records, decode
from udfs.reasons import Field, Reason, detail
from udfs.sources import ORDERS, PARTITIONS_PER_TOPIC, named

BROKEN = [
    text(trade(price=-1)),
    text([trade(), trade(side="x"), trade(price="1")]),
    b"\n".join([text(trade()), b'{"symbol":', text(trade(quantity=0))]),
    b'[{"symbol":"\\ud800"}, "]"]',
]
UNREAD = [order(t35="E"), order(t35="N"), order() + order(t35="E")]
"""Messages of FIX of types that are not read, each of which its letter names."""


def test_a_dead_letter_says_where_the_record_stood_why_it_is_one_and_what_it_was() -> None:
    broken = text(trade(price=-1))
    batch = decoded(text(trade()), b"[" + text(trade()) + b"," + broken + b"]")
    ((key, letter),) = dead_letters.encode(
        batch.rejects,
        np.array([0, 65_536 + 2], np.int32),
        np.array([7, 2**40], np.int64),
        {0: "trades", 1: "raw_stock_ticks"},
        1_700_000_000_001,
    )
    assert key == b"raw_stock_ticks"
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


@given(
    st.lists(st.binary(max_size=40) | st.sampled_from(BROKEN), min_size=1, max_size=20),
    st.lists(st.binary(max_size=200) | st.sampled_from(UNREAD), max_size=10),
    st.integers(0, 2**63 - 1),
)
def test_letters_are_what_their_structure_says(
    jsons: list[bytes], fixes: list[bytes], offset: int
) -> None:
    topics = {0: 'a "topic"', ORDERS: "orders"}
    n = len(jsons) + len(fixes)
    numbers = np.arange(n)
    sources = numbers % 3 + np.where(numbers < len(jsons), 0, ORDERS * PARTITIONS_PER_TOPIC)
    records = Records(
        pa.array([*jsons, *fixes], pa.binary()),
        np.full(n, NOW_MS),
        sources.astype(np.int32),
        offset - numbers,
    )
    for rejects, of in decode(records, 0).rejects:
        letters = dead_letters.encode(rejects, of.sources, of.offsets, topics, NOW_MS)
        stood = [named(int(of.sources[reject.row]), topics) for reject in rejects]
        expected = [
            DeadLetter(
                *place,
                int(of.offsets[reject.row]),
                reject.index,
                *rejects.texts(reject),
                reject.payload,
                NOW_MS,
            )
            for reject, place in zip(rejects, stood, strict=True)
        ]
        assert list(letters) == [
            (letter.topic.encode(), msgspec.json.encode(letter)) for letter in expected
        ]


def test_every_reason_has_a_sentence() -> None:
    sentences = {detail(reason, Field.PRICE) for reason in Reason}
    assert len(sentences) == len(Reason)
