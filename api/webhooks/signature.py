"""Signatures, by which a receiver knows that a request is ours and new."""

import hashlib
import hmac

VERSION = "v1"


def sign(secret: bytes, timestamp: int, body: bytes) -> str:
    """Sign a request: ``v1=`` and the HMAC-SHA256 of timestamp, a full stop and body, in hex.

    Args:
        secret: What only the receiver knows beside us.
        timestamp: Of the request, seconds since the epoch. It is signed too, so that a copy of an
            old request is known by its age.
        body: The bytes that are sent.
    """
    signed = hmac.new(secret, f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"{VERSION}={signed.hexdigest()}"
