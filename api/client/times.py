"""Times as callers have them."""

from datetime import datetime

When = int | str | datetime
"""Ms since the epoch, RFC 3339 with its offset, or a datetime that knows its offset."""


def written(when: When) -> str | int:
    """As the service reads it.

    Raises:
        ValueError: A datetime without an offset from UTC, which could be any of two dozen times.
    """
    if isinstance(when, datetime):
        if when.tzinfo is None:
            raise ValueError(f"expected a datetime with an offset from UTC, got {when!r}")
        return when.isoformat()
    return when
