"""A connection under a deadline, which another thread may cut."""

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpcore


class Stream(httpcore.NetworkStream):
    """A connection, plain or TLS, for one request.

    Each step has a time limit, and all together have one too: an answer that drips byte by byte
    ends with the deadline.

    Args:
        plain: The connected socket; it is the stream's from now on.
        deadline: Of all steps, a moment of the monotonic clock, seconds.
        tls: The same connection, encrypted; None if it is not.
    """

    def __init__(
        self, plain: socket.socket, deadline: float, tls: ssl.SSLSocket | None = None
    ) -> None:
        self._socket = tls or plain
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, waiting for it; nothing at the end.

        Raises:
            httpcore.ReadTimeout: Nothing came in time.
            httpcore.ReadError: The connection broke.
        """
        with self._step(timeout, httpcore.ReadTimeout, httpcore.ReadError):
            return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it.

        Raises:
            httpcore.WriteTimeout: It was not taken in time.
            httpcore.WriteError: The connection broke.
        """
        with self._step(timeout, httpcore.WriteTimeout, httpcore.WriteError):
            self._socket.sendall(buffer)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Encrypt the connection; the certificate must be that of ``server_hostname``.

        Raises:
            httpcore.ConnectTimeout: It took too long.
            httpcore.ConnectError: There is no trust, or the connection broke.
        """
        plain = self._socket
        with self._step(timeout, httpcore.ConnectTimeout, httpcore.ConnectError):
            try:
                tls = ssl_context.wrap_socket(
                    plain, server_hostname=server_hostname, do_handshake_on_connect=False
                )
                self._socket = tls  # the plain one is detached now
                tls.do_handshake()
            except BaseException:
                self.close()
                raise
        return self

    def cut(self) -> None:
        """End the connection from another thread: whoever waits for it goes on at once."""
        with contextlib.suppress(OSError):
            # Not SSLSocket's own, which takes the encryption away from under the other thread.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of a connection: whether it is encrypted."""
        is_tls = info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket)
        return self._socket if is_tls else None

    @contextmanager
    def _step(
        self, timeout: float | None, too_slow: type[Exception], broken: type[Exception]
    ) -> Iterator[None]:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise too_slow("the attempt took too long in all")
        self._socket.settimeout(left if timeout is None else min(left, timeout))
        try:
            yield
        except TimeoutError as error:
            raise too_slow(str(error)) from error
        except OSError as error:
            raise broken(str(error)) from error
