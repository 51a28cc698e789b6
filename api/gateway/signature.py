"""GitHub's signatures, by which a hook is known to be GitHub's."""

import hashlib
import hmac

PREFIX = "sha256="


def sign(secret: bytes, body: bytes) -> str:
    """What ``X-Hub-Signature-256`` must be: ``sha256=`` and the HMAC-SHA256 of the body, in hex."""
    return PREFIX + hmac.new(secret, body, hashlib.sha256).hexdigest()


def is_signed(secret: bytes, body: bytes, signature: str) -> bool:
    """Whether a signature is that of these very bytes; takes as long for any of its length."""
    return hmac.compare_digest(sign(secret, body).encode(), signature.encode(errors="replace"))
