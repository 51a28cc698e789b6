"""Amounts as one writes them on a command line."""

MAX_PACKED = 5_000
"""Records in one message, which stays under 1 MiB."""


def share(text: str) -> float:
    """A share: ``0.05`` or ``5%``.

    Raises:
        ValueError: It is none.
    """
    try:
        number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise ValueError(f"{text} is no share: give 0 to 1, or 0% to 100%")
    return number
