"""Memory that a Python worker shares with its JVM: values on their way out lie in it.

A value that goes through a socket is copied some ten times. Here it is put into memory, and only
its address goes through. The memory is a ring: the JVM frees values in the order of their
coming. It has no name in any folder, so nothing is left behind by a process that is killed.

Little-endian, first READY (i8), which the JVM sets when it has mapped the memory, and FREED (i8),
up to where it has read, counted on and on; the ring begins after HEAD_BYTES. The other side is
``flink-conf/src/main/java/io/tapeline/Ring.java``.
"""

import mmap
import os
import struct

import numpy as np

from udfs.messages import MARK

ANNOUNCEMENT, ADDRESS = MARK + b"R", MARK + b"A"
"""What begins the path of the memory, and an address: where a value begins, and its bytes (i8)."""
READY, FREED = 0, 1
HEAD_BYTES = 64
RING_BYTES = 8 << 20


class Ring:
    """The memory, and how far it has been filled.

    Args:
        size: The bytes of the ring; if 0, or where there is no such memory, values go as they are.
    """

    def __init__(self, size: int) -> None:
        self._end = self._size = 0
        self._path = b""
        """What is still to be announced."""
        if size:
            try:
                self._file = os.memfd_create("tapeline-messages")
            except (AttributeError, OSError):  # not Linux, or not allowed
                return
            os.truncate(self._file, HEAD_BYTES + size)
            memory = np.frombuffer(mmap.mmap(self._file, 0), np.uint8)
            self._state = memory[: 2 * 8].view(np.int64)
            self._ring = memory[HEAD_BYTES:]
            self._size = size
            self._path = f"/proc/{os.getpid()}/fd/{self._file}".encode()

    def send(self, value: bytes) -> list[bytes]:
        """What goes to the JVM for a value: its address, and at first what announces the ring.

        The value itself, as long as the JVM has no access or there is no room.
        """
        if self._path:
            announced, self._path = ANNOUNCEMENT + self._path, b""
            return [announced, value]
        return [self._put(value)]

    def close(self) -> None:
        """Gives the memory up; the JVM keeps what it has mapped."""
        if self._size:
            self._size = 0
            os.close(self._file)

    def _put(self, value: bytes) -> bytes:
        if not self._size or not self._state[READY]:
            return value
        start, at = self._end, self._end % self._size
        if at + len(value) > self._size:
            # No value is in two pieces.
            start, at = start + self._size - at, 0
        if start + len(value) - self._state[FREED] > self._size:
            return value
        self._ring[at : at + len(value)] = np.frombuffer(value, np.uint8)
        self._end = start + len(value)
        return ADDRESS + struct.pack("<qq", start, len(value))
