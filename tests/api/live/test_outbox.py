import asyncio
from itertools import repeat

from hypothesis import given
from hypothesis import strategies as st

from api.live.message import Message
from api.live.outbox import WRITE_BYTES, Outbox


def a_message(size: int = 10, count: int = 1) -> Message:
    return Message(b"updates", b"x" * size, count=count)


@given(st.lists(st.integers(0, 3_000)), st.integers(1, 10), st.integers(1, 9_000))
def test_no_more_waits_than_may_but_one_always_may(
    sizes: list[int], max_messages: int, max_bytes: int
) -> None:
    outbox = Outbox(max_messages, max_bytes)
    put = [each for each in map(a_message, sizes) if outbox.put(each)]
    assert len(put) <= max_messages
    assert outbox.bytes == sum(each.size for each in put)
    assert outbox.bytes <= max_bytes or len(put) == 1
    assert bool(put) == bool(sizes)
    assert outbox.behind == len(put)
    assert outbox.take_now() == put
    assert (outbox.bytes, outbox.behind) == (0, 0)


def test_what_is_made_later_is_made_as_it_is_taken_and_keeps_its_turn() -> None:
    outbox = Outbox(10, 1_000)
    first, last = a_message(1), a_message(2)
    outbox.put(first)
    outbox.put_made_later(repeat(a_message(WRITE_BYTES), 3))
    outbox.put(last)
    taken = [[len(each.body) for each in outbox.take_now()] for _ in range(5)]
    assert taken == [[1, WRITE_BYTES], [WRITE_BYTES], [WRITE_BYTES], [2], []]


def test_at_the_end_the_last_message_comes_and_then_none() -> None:
    async def ending() -> None:
        outbox = Outbox(10, 1_000)
        taking = asyncio.create_task(outbox.take())
        await asyncio.sleep(0)
        assert not taking.done()
        outbox.put(a_message())
        assert await taking == [a_message()]
        outbox.put(a_message())
        last = a_message(3)
        outbox.close(last)
        assert not outbox.put(a_message())
        outbox.close()  # the client is gone meanwhile
        assert await outbox.take() == []
        assert await outbox.take() == []

    asyncio.run(ending())
