"""TCP ports of the loopback interface."""

import contextlib
import random
import socket

import psutil

from scripts.stack.errors import PortTakenError

HOST = "127.0.0.1"

# Below the range that systems hand out to outgoing connections, so that none of those takes a port
# between the moment it is found free and the moment it is bound.
_FREE_RANGE = range(20_000, 30_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` now."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((HOST, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether somebody accepts connections on ``port``."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((HOST, port)) == 0


def free_port() -> int:
    """A port that nobody listens on."""
    while not is_free(port := random.choice(_FREE_RANGE)):
        pass
    return port


def require_free(port: int, component: str, setting: str) -> None:
    """Check that ``component`` can have ``port``.

    Raises:
        PortTakenError: Somebody has it; the text names the setting that chooses another.
    """
    if not is_free(port):
        raise PortTakenError(
            f"port {port} for {component} is taken by {_holder(port)}: "
            f"stop that one, or choose another port with {setting}"
        )


def _holder(port: int) -> str:
    """Who listens on ``port``, as far as the system tells."""
    with contextlib.suppress(psutil.Error):
        listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        for pid in (c.pid for c in listening if c.laddr and c.laddr.port == port and c.pid):
            return f"process {pid} ({psutil.Process(pid).name()})"
    return "another process"
