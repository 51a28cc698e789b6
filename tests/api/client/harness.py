"""What stands between a client and the service in tests."""

import asyncio
import random
import signal
import socket
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

from api.client import AsyncClient, Client

T = TypeVar("T")


def heed_interrupts() -> None:
    """For a new process: what is started in the background inherits that they are ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """Leaves no process behind, whatever the test found."""
    with process:
        try:
            yield
        finally:
            process.kill()


class CuttingProxy:
    """Passes bytes on, and cuts each of the first connections after a random number of them.

    Args:
        address: Of the service.
        cuts: How many connections are cut.
        most: Bytes of an answer after which it is cut, at the latest.
        seed: Of the numbers.
    """

    def __init__(self, address: str, cuts: int, most: int, seed: int = 7) -> None:
        where = urlsplit(address)
        self._target = (where.hostname, where.port)
        self._numbers = random.Random(seed)
        self._most = most
        self.cuts = cuts
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                inner, _ = self._listener.accept()
                self.connections += 1
                left = None
                if self.cuts:
                    self.cuts -= 1
                    left = self._numbers.randint(0, self._most)
                outer = socket.create_connection(self._target)
                for source, sink, most in ((inner, outer, None), (outer, inner, left)):
                    threading.Thread(target=_pass, args=(source, sink, most), daemon=True).start()


def _pass(source: socket.socket, sink: socket.socket, left: int | None) -> None:
    with suppress(OSError):
        while left is None or left > 0:
            chunk = source.recv(65_536 if left is None else min(left, 65_536))
            if not chunk:
                break
            sink.sendall(chunk)
            left = None if left is None else left - len(chunk)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


@contextmanager
def cutting(address: str, cuts: int, most: int) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(address, cuts, most)
    try:
        yield proxy
    finally:
        proxy.close()


class Waiting:
    """An ``AsyncClient`` whose methods are waited for, so that one test holds of both clients."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = AsyncClient(*args, **kwargs)

    def __enter__(self) -> "Waiting":
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._client.close())
        self._loop.close()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            found = method(*args, **kwargs)
            return self._each(found) if hasattr(found, "__anext__") else self._run(found)

        return call

    def _each(self, found: Any) -> Iterator[Any]:
        try:
            while True:
                yield self._run(found.__anext__())
        except StopAsyncIteration:
            return
        finally:
            self._run(found.aclose())

    def _run(self, awaited: Awaitable[T]) -> T:
        async def run() -> T:
            return await awaited

        return self._loop.run_until_complete(run())


CLIENTS: list[Any] = [Client, Waiting]
