"""Times as callers have them."""

from datetime import datetime

When = int | str | datetime
"""Ms since the epoch, RFC 3339 with its offset, or a datetime that knows its offset."""


def written(when: datetime) -> str:
    """As the service reads it.

    Raises:
        ValueError: It has no offset from UTC, and so could be any of two dozen times.
    """
    if when.tzinfo is None:
        raise ValueError(f"expected a datetime with an offset from UTC, got {when!r}")
    return when.isoformat()
