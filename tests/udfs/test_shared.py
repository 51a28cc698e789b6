"""Batches are read where the JVM put them, and their places are free afterwards."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.udfs.makers import batch_of
from udfs.shared import ADDRESS, FREE, STATE_BYTES, TAKEN, SharedMemory

ROOM = 1_000
RECORD = b"{}", 5, 1, 7


BATCHES = batch_of(), batch_of((None, -1, -1, -1)), batch_of(RECORD, RECORD)


def array(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8)


def put(file: Path, batch: bytes) -> NDArray[np.uint8]:
    """Puts a batch there as the JVM does; returns its address."""
    with file.open("r+b" if file.exists() else "wb") as opened:
        opened.write(TAKEN.to_bytes(STATE_BYTES, "little") + batch)
        opened.truncate(max(opened.tell(), ROOM))
    return array(np.array([ADDRESS, len(batch)], "<i8").tobytes() + bytes(file))


def state(file: Path) -> int:
    return int.from_bytes(file.read_bytes()[:STATE_BYTES], "little")


@pytest.mark.parametrize("batch", BATCHES)
def test_a_value_that_is_no_address_is_the_batch(batch: bytes) -> None:
    with SharedMemory().opened(array(batch)) as found:
        assert found.tobytes() == batch


def test_batch_after_batch_is_read_at_one_place_that_is_free_after_each(tmp_path: Path) -> None:
    file, memory = tmp_path / "a name with ä", SharedMemory()
    for batch in BATCHES * 2:
        with memory.opened(put(file, batch)) as found:
            assert found.tobytes() == batch
            assert state(file) == TAKEN
        assert state(file) == FREE


def test_it_is_free_too_if_reading_it_failed(tmp_path: Path) -> None:
    file = tmp_path / "batch"
    with pytest.raises(ZeroDivisionError), SharedMemory().opened(put(file, BATCHES[0])):
        _ = 1 / 0
    assert state(file) == FREE


def test_a_file_that_was_opened_needs_its_name_no_more(tmp_path: Path) -> None:
    file, memory = tmp_path / "batch", SharedMemory()
    address = put(file, BATCHES[2])
    for _ in range(2):
        with memory.opened(address) as found:
            assert found.tobytes() == BATCHES[2]
        file.unlink(missing_ok=True)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    address = put(tmp_path / "batch", BATCHES[0])
    (tmp_path / "batch").unlink()
    with pytest.raises(FileNotFoundError), SharedMemory().opened(address):
        pytest.fail("nothing to read")
