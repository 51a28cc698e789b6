"""Numbers, times and foreign text, as people read them."""

from datetime import UTC, datetime

from ..following import Lost, Missed

# What would steer a terminal. FIX divides its fields by SOH, which is usually shown as a bar.
_SAFE = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code != 9}
_SAFE[1] = "|"


def clock(ms: int) -> str:
    """A time (ms since the epoch) to the second, UTC."""
    return datetime.fromtimestamp(ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def number(value: float | None) -> str:
    """With 8 digits, grouped; a dash if there is none."""
    if value is None:
        return "-"
    return f"{value:,.8g}" if abs(value) < 1e7 else f"{value:,.0f}"


def percent(share: float | None) -> str:
    """A share (0.01 is 1%) with its sign; a dash if there is none."""
    return "-" if share is None else f"{share:+.2%}"


def trouble(message: Missed | Lost) -> str:
    """What is wrong with a stream."""
    if isinstance(message, Missed):
        return f"some are missing: {message.reason}"
    return f"{message.reason}; again in {message.wait:.1f} s"


def safe(text: str) -> str:
    """Text of others, so that it cannot steer the terminal."""
    return text.translate(_SAFE)
