"""Values that lie in a ring come back as they were, each once, however it is filled and freed."""

import mmap
import os
import struct
from collections import deque
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.ring import ADDRESS, ANNOUNCEMENT, FREED, HEAD_BYTES, READY, Ring

SIZE = 100


class Jvm:
    """The other side: maps the memory that is announced, and reads what lies at addresses."""

    def __init__(self, announced: bytes) -> None:
        path = announced.removeprefix(ANNOUNCEMENT).decode()
        with open(path, "r+b") as file:
            memory = np.frombuffer(mmap.mmap(file.fileno(), 0), np.uint8)
        self._state, self._ring = memory[:16].view(np.int64), memory[HEAD_BYTES:]
        self._state[READY] = 1

    def read(self, sent: bytes) -> bytes:
        if not sent.startswith(ADDRESS):
            return sent
        start, length = struct.unpack("<qq", sent[len(ADDRESS) :])
        at = start % self._ring.size
        found = self._ring[at : at + length].tobytes()
        self._state[FREED] = start + length
        return found


@pytest.fixture
def opened() -> Iterator[tuple[Ring, Jvm]]:
    memory = Ring(SIZE)
    announced, value = memory.send(b"first")
    assert value == b"first"
    yield memory, Jvm(announced)
    memory.close()


@given(st.lists(st.tuples(st.integers(0, SIZE + 1), st.integers(0, 3)), max_size=60))
def test_values_come_back_in_their_order(steps: list[tuple[int, int]]) -> None:
    memory = Ring(SIZE)
    jvm = Jvm(memory.send(b"")[0])
    waiting: deque[tuple[bytes, bytes]] = deque()
    for number, (size, reads) in enumerate(steps):
        (sent,) = memory.send(value := bytes([number]) * size)
        waiting.append((value, sent))
        for _ in range(min(reads, len(waiting))):
            expected, sent = waiting.popleft()
            assert jvm.read(sent) == expected
    assert all(jvm.read(sent) == value for value, sent in waiting)
    memory.close()


def test_what_has_room_goes_by_its_address(opened: tuple[Ring, Jvm]) -> None:
    memory, jvm = opened
    for number in range(10):
        (sent,) = memory.send(value := bytes([number]) * (SIZE // 2))
        assert sent.startswith(ADDRESS)
        assert jvm.read(sent) == value


def test_what_has_no_room_goes_as_it_is(opened: tuple[Ring, Jvm]) -> None:
    memory, jvm = opened
    assert memory.send(too_long := b"x" * (SIZE + 1)) == [too_long]
    (waits,) = memory.send(half := b"y" * (SIZE // 2 + 1))
    assert memory.send(half) == [half]
    assert jvm.read(waits) == half
    assert memory.send(half)[0].startswith(ADDRESS)


def test_nothing_goes_by_an_address_before_the_jvm_has_access() -> None:
    memory = Ring(SIZE)
    assert memory.send(b"one")[1:] == [b"one"]
    assert memory.send(b"two") == [b"two"]
    memory.close()


def test_without_memory_values_go_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Ring(0).send(b"value") == [b"value"]
    monkeypatch.delattr(os, "memfd_create")
    elsewhere = Ring(SIZE)
    assert elsewhere.send(b"value") == [b"value"]
    elsewhere.close()


def test_a_ring_that_is_closed_is_used_no_more(opened: tuple[Ring, Jvm]) -> None:
    memory, _ = opened
    memory.close()
    assert memory.send(b"value") == [b"value"]
