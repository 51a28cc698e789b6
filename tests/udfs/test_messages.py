"""Messages are those that they were, also to the JVM, which reads them all from one value."""

from io import BytesIO
from struct import unpack

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.makers import Message, each_of
from udfs import messages
from udfs.messages import MARK, Messages
from udfs.texts import Texts

Pairs = list[tuple[bytes, bytes]]
keys = st.sampled_from([b"", b"BTCUSDT", b"ETHUSDT", "é".encode()]) | st.binary(max_size=9)
pairs = st.lists(st.tuples(keys, st.binary(max_size=40)), max_size=20)
topics = st.sampled_from(["candles", "order_flow", "börse/数据"]) | st.text(max_size=20)


def written(made: Pairs, kind: str = "i8") -> Messages:
    """As kernels write them: each key once, one that none has, and more bytes than were written."""
    own = [b"of none", *dict.fromkeys(key for key, _ in made)]
    places = np.array([own.index(key, 1) for key, _ in made], kind)
    values = Texts.of([*(value for _, value in made), b"behind"])
    return Messages(Texts.of(own), places, Texts(values.data, values.ends[:-1]))


blocks = st.builds(written, pairs, st.sampled_from(["i8", "i4", "u1"])) | pairs.map(Messages.of)


def read(value: bytes) -> list[Message]:
    """Topic, key and message of each, as ``PartMessages`` reads them."""
    stream, found = BytesIO(value), list[Message]()
    assert stream.read(2) == b"MV"
    while head := stream.read(12):
        size, k, n = unpack("<3i", head)
        key_sizes, sizes, places = (unpack(f"<{m}i", stream.read(4 * m)) for m in (k, n, n))
        topic, *own = (stream.read(each) for each in (size, *key_sizes))
        for place, each in zip(places, sizes, strict=True):
            found.append((topic.decode(), own[place], stream.read(each)))
    return found


@given(pairs)
def test_messages_come_back_with_their_keys(made: Pairs) -> None:
    for found in (Messages.of(made), Messages.of(iter(made)), written(made)):
        assert list(found) == made
        assert len(found) == len(made)
        assert bool(found) == bool(made)


@given(st.lists(blocks, max_size=5))
def test_together_they_are_one_after_the_other(parts: list[Messages]) -> None:
    found = messages.together(iter(parts))
    assert list(found) == [each for part in parts for each in part]


def test_together_there_may_be_more_keys_than_a_part_could_count() -> None:
    parts = [[(b"%d" % n, b"") for n in range(first, first + 200)] for first in (0, 200)]
    found = messages.together(written(part, "u1") for part in parts)
    assert list(found) == parts[0] + parts[1]


@given(st.lists(st.tuples(topics, blocks), max_size=5))
def test_the_jvm_reads_them_in_their_order(published: list[tuple[str, Messages]]) -> None:
    assert read(messages.pack(published)) == each_of(published)


@given(st.lists(st.tuples(topics, blocks), max_size=2))
def test_they_are_told_from_a_frame_by_their_first_byte(
    published: list[tuple[str, Messages]],
) -> None:
    value = messages.pack(published)
    assert value.startswith(MARK)
    assert not value[:1].isdigit()
