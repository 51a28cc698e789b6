"""What FIX messages say of orders."""

import pytest

from tests.udfs.order_makers import TIME_MS, events_of, message
from udfs import order_frames
from udfs.orders import CANCEL, ENDED, NEW, OPEN, PENDING, REPLACE
from udfs.scanner import BUY, SELL
from udfs.shards import shard_of

VALUES = ["kind", "side", "price", "quantity", "rests", "is_fill", "time", "source", "offset"]


def said(*messages: bytes) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = events_of(*messages).events[VALUES].tolist()
    return found


def known_by(*messages: bytes) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = events_of(*messages).events[["high", "low"]].tolist()
    return found


def test_each_type_of_message_says_what_is_in_it() -> None:
    assert said(message("D"), message("F"), message("G", t54=2), message("8", t151="1.5")) == [
        (NEW, BUY, 100.5, 3.0, 1, 0, TIME_MS, 7, 0),
        (CANCEL, BUY, 0.0, 3.0, 1, 0, TIME_MS, 7, 1),
        (REPLACE, SELL, 100.5, 3.0, 1, 0, TIME_MS, 7, 2),
        (OPEN, BUY, 100.5, 1.5, 1, 0, TIME_MS, 7, 3),
    ]


@pytest.mark.parametrize(
    ("status", "left", "kind"),
    [
        *((status, 1, OPEN) for status in "01579AD"),
        *((status, 1, PENDING) for status in "6E"),
        *((status, 1, ENDED) for status in "2348BC"),
        ("1", 0, ENDED),
    ],
)
def test_a_report_says_what_became_of_an_order(status: str, left: int, kind: int) -> None:
    assert said(message("8", t39=status, t151=left))[0][0] == kind


def test_a_fill_is_marked_as_one() -> None:
    fill = message("8", t150=1, t39=1, t31="100.5", t32=1, t151=2)
    assert [event[:6] for event in said(fill)] == [(OPEN, BUY, 100.5, 2.0, 1, 1)]


@pytest.mark.parametrize(
    "changes",
    [*({"t40": kind} for kind in "1345ABCG"), {"t59": 3}, {"t59": 4}, {"t54": 7}, {"t54": 8}],
)
def test_what_never_waits_in_a_book_does_not_rest(changes: dict[str, object]) -> None:
    assert said(message("D", **changes))[0][4] == 0


@pytest.mark.parametrize("price", ["0", "-1", "1" + "0" * 16])
def test_a_limit_that_is_no_price_is_none(price: str) -> None:
    assert said(message("D", t44=price))[0][2] == 0.0


def test_an_order_is_the_same_to_its_firm_and_its_venue() -> None:
    ids = known_by(message("D"), message("8"), message("8", 11), message("D", t11="c2"))
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    (replaced,) = events_of(message("G", t41="c1", t11="c2")).events
    assert (replaced["old_high"], replaced["old_low"]) == ids[0]
    assert (replaced["high"], replaced["low"]) == ids[3]
    (first,) = events_of(message("D")).events
    assert (first["old_high"], first["old_low"]) == (0, 0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"t49": "A", "t11": "Bc"}, {"t49": "AB", "t11": "c"}),
        ({"t55": "A", "t49": "BC"}, {"t55": "AB", "t49": "C"}),
        ({"t11": "c" * 16}, {"t11": "c" * 17}),
        ({"t11": "a" * 20 + "b"}, {"t11": "a" * 20 + "c"}),
        ({"t11": "a"}, {"t11": "a\0"}),
    ],
)
def test_what_differs_in_any_byte_is_another_order(
    one: dict[str, object], other: dict[str, object]
) -> None:
    first, second = known_by(message("D", **one), message("D", **other))
    assert first != second


def test_a_refused_request_is_no_event() -> None:
    fields = "35=9|49=V|56=F|34=1|52=20260102-03:04:05|37=v|11=c2|41=c1|39=2|434=1"
    body = fields.replace("|", "\x01").encode() + b"\x01"
    refused = b"8=FIX.4.2\x019=%d\x01%s" % (len(body), body)
    refused += b"10=%03d\x01" % (sum(refused) % 256)
    assert said(refused, message("D"))[0][-1] == 1


def test_frames_have_all_events_in_their_order_each_in_its_shard() -> None:
    names = [f"S{n % 5}" for n in range(40)]
    batch = events_of(*(message("D", t55=name, t11=f"c{n}") for n, name in enumerate(names)))
    frames = order_frames.split(batch, 3)
    found = {}
    for frame in map(order_frames.unpack, map(order_frames.pack, frames)):
        assert {shard_of(name, 3) for name in frame.symbols} == {frame.shard}
        offsets = frame.events["offset"].tolist()
        assert offsets == sorted(offsets)
        assert frame.events["row"].tolist() == [0] * len(offsets)
        for event in frame.events:
            found[event["offset"]] = (frame.symbols[event["symbol"]], *event[VALUES].item())
    assert found == {n: (name, *said(message("D"))[0][:-1], n) for n, name in enumerate(names)}


def test_pieces_are_told_apart() -> None:
    (frame,) = order_frames.split(events_of(message("D")), 1)
    assert order_frames.is_packed(order_frames.pack(frame))
    assert not order_frames.is_packed(b"0000" + b"\x02\0\0\0")
