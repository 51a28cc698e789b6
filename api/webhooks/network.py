"""The way to a target: its name is resolved, its addresses are checked, and one is connected to."""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence

import httpcore

from api.webhooks.addresses import is_public
from api.webhooks.stream import Stream

Resolve = Callable[[str, int], Sequence[str]]


class ForbiddenAddressError(Exception):
    """A target has an address that is not of the public internet."""


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host; blocks as long as the system's resolver takes.

    Raises:
        OSError: There are none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Network(httpcore.NetworkBackend):
    """Connects where it is allowed to; one connection at a time, which ``cut`` ends.

    What is checked is what is connected to: no second look at a name, which might be answered
    otherwise, comes between.

    Args:
        allow_private: Whether any address will do.
        most: The longest that connecting may take, and all of a connection's life after it, s.
        resolve: Gives the addresses of a host.
    """

    def __init__(self, *, allow_private: bool, most: float, resolve: Resolve = resolve) -> None:
        self._allow_private = allow_private
        self._most = most
        self._resolve = resolve
        self._lock = threading.Lock()
        self._is_cut = False
        self._wake: Callable[[], None] = lambda: None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of the host that takes it.

        Raises:
            ForbiddenAddressError: The host has an address that is not allowed.
            httpcore.ConnectTimeout: It took too long.
            httpcore.ConnectError: The host has no address, or none takes a connection.
        """
        until = time.monotonic() + self._most
        addresses = self._addresses(host, port, until)
        if not self._allow_private:
            # All must do: one that is chosen by the order of an answer is chosen by its sender.
            for address in addresses:
                if not is_public(address):
                    raise ForbiddenAddressError(f"{host} is at {address}, which is not public")
        trouble: OSError | None = None
        for address in addresses:
            try:
                return self._connect(address, port, until)
            except OSError as error:
                trouble = error
        if isinstance(trouble, TimeoutError):
            raise httpcore.ConnectTimeout("no connection in time") from trouble
        raise httpcore.ConnectError(str(trouble)) from trouble

    def cut(self) -> None:
        """Stop for ever, from another thread: what is under way fails at once."""
        with self._lock:
            self._is_cut = True
            self._wake()

    def _addresses(self, host: str, port: int, until: float) -> Sequence[str]:
        """Resolve the host in a thread of its own: nothing else can end the wait for it."""
        done = threading.Event()
        found: list[Sequence[str] | OSError] = []

        def ask() -> None:
            try:
                found.append(self._resolve(host, port))
            except (OSError, UnicodeError) as error:
                found.append(error if isinstance(error, OSError) else OSError(str(error)))
            done.set()

        self._wakes(done.set)
        threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
        done.wait(max(0.0, until - time.monotonic()))
        self._wakes(lambda: None)
        if not found:
            raise httpcore.ConnectTimeout(f"no address of {host} in time")
        if isinstance(found[0], OSError):
            raise httpcore.ConnectError(f"no address of {host}: {found[0]}") from found[0]
        if not found[0]:
            raise httpcore.ConnectError(f"no address of {host}")
        return found[0]

    def _connect(self, address: str, port: int, until: float) -> Stream:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        plain = socket.socket(family, socket.SOCK_STREAM)
        stream = Stream(plain, until + self._most)
        try:
            self._wakes(stream.cut)
            plain.settimeout(left)
            plain.connect((address, port))
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            plain.close()
            raise
        return stream

    def _wakes(self, wake: Callable[[], None]) -> None:
        """From now on, this is how to end what is under way.

        Raises:
            httpcore.ConnectError: It is cut already.
        """
        with self._lock:
            self._wake = wake
            if self._is_cut:
                raise httpcore.ConnectError("the service stops")
