"""Small pieces of Flink SQL."""


def interval(ms: int) -> str:
    """An interval of so many milliseconds."""
    seconds, ms = divmod(ms, 1_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    text = f"{days} {hours:02}:{minutes:02}:{seconds:02}.{ms:03}"
    day = f"DAY({len(str(days))})" if days > 99 else "DAY"  # without a number it has two digits
    return f"INTERVAL '{text}' {day} TO SECOND(3)"
