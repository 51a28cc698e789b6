"""Memory that the JVM shares with its Python worker: a batch in it is read where it lies.

The JVM hands on the batch's address. Little-endian: -1 and how many bytes it has (i8 each), and the
path of the file. In the file there is its state (i8) first: TAKEN until the batch has been read.
The other side is ``flink-conf/src/main/java/io/tapeline/SharedMemory.java``.
"""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

ADDRESS = -1
"""What an address begins with; a batch begins with the number of its records."""
FREE, TAKEN = 0, 1
STATE_BYTES = 8
_HEAD_BYTES = 2 * 8


class SharedMemory:
    """The files that were opened; each as long as its task runs, so that is one."""

    def __init__(self) -> None:
        self._files: dict[str, NDArray[np.uint8]] = {}

    @contextmanager
    def opened(self, value: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
        """The bytes of a batch, whether they are the value itself or it is their address.

        What is at an address may change once this is left.

        Raises:
            OSError: there is no such file, or not for this process.
        """
        head = value[:_HEAD_BYTES].copy().view(np.int64).tolist()
        if head[0] != ADDRESS:
            yield value
            return
        file = self._file(value[_HEAD_BYTES:].tobytes().decode())
        try:
            yield file[STATE_BYTES:][: head[1]]
        finally:
            file[:STATE_BYTES].view(np.int64)[0] = FREE

    def _file(self, path: str) -> NDArray[np.uint8]:
        file = self._files.get(path)
        if file is None:
            with open(path, "r+b") as opened:
                file = np.frombuffer(mmap.mmap(opened.fileno(), 0), np.uint8)
            self._files[path] = file
        return file
