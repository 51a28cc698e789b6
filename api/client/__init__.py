"""The client of the service, for programs and as the command ``tapeline``.

It is part of the checkout, and by itself the wheel ``tapeline``, where it is called
``tapeline.client``: hence relative imports, and none of the service but its records and its
waits.
"""

from .aio import AsyncClient
from .errors import RefusedError, TapelineError, UnreachableError
from .following import Lost, Message, Missed, Snapshot, Updates
from .sync import Client

__all__ = [
    "AsyncClient",
    "Client",
    "Lost",
    "Message",
    "Missed",
    "RefusedError",
    "Snapshot",
    "TapelineError",
    "UnreachableError",
    "Updates",
]
