"""Times and durations as one writes them on a command line."""

import re
from datetime import UTC, datetime, timedelta

_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_ms(text: str) -> int:
    """A time as ms since 1970: those themselves, or RFC 3339 with a zone.

    Raises:
        ValueError: It is neither.
    """
    if re.fullmatch("[0-9]{1,15}", text):
        return int(text)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected 2026-01-01T12:00:00Z or ms since 1970, got {text}") from None
    if time.tzinfo is None:
        raise ValueError(f"expected a time with its zone, as {text}Z, got {text}")
    return (time - _EPOCH) // timedelta(milliseconds=1)


def duration_ms(text: str) -> int:
    """A duration (``500ms``, ``30s``, ``15m``, ``36h`` or ``7d``) in ms.

    Raises:
        ValueError: It is none.
    """
    found = re.fullmatch("([0-9]{1,9})(ms|s|m|h|d)", text)
    if not found:
        raise ValueError(f"expected a duration as 30s, 15m, 36h or 7d, got {text}")
    return int(found.group(1)) * _UNITS_MS[found.group(2)]


def compact(ms: int) -> str:
    """A time in letters that may stand in a topic's name: ``20260101T120000Z``."""
    time = _EPOCH + timedelta(milliseconds=ms)
    rest = f".{ms % 1_000:03}" if ms % 1_000 else ""
    return f"{time:%Y%m%dT%H%M%S}{rest}Z"
