"""What clients of streams may take."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The bounds of streams.

    Attributes:
        clients: Streams at once.
        clients_of_one: Of one address.
        symbols: In one subscription.
        log_updates: Kept for clients that come back.
        log_bytes: Of memory of these.
        queue_messages: That wait for one client.
        queue_bytes: That wait for one client.
        heartbeat_ms: Without a message, after which there is a heartbeat.
        stall_ms: That a client may read nothing while something waits for it.
    """

    clients: int
    clients_of_one: int
    symbols: int
    log_updates: int
    log_bytes: int
    queue_messages: int
    queue_bytes: int
    heartbeat_ms: int
    stall_ms: int
