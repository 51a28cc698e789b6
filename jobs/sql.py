"""Small pieces of Flink SQL."""


def interval(ms: int) -> str:
    """An interval of so many milliseconds."""
    seconds, ms = divmod(ms, 1_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    text = f"{days} {hours:02}:{minutes:02}:{seconds:02}.{ms:03}"
    return f"INTERVAL '{text}' DAY TO SECOND(3)"
