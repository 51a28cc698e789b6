"""Which column of a file is which field of a trade."""

from collections.abc import Iterable

from scripts.files.errors import FileError

NAMES = {
    "symbol": ("symbol", "ticker", "s"),
    "price": ("price", "p"),
    "quantity": ("quantity", "qty", "size", "amount", "q"),
    "timestamp": ("timestamp", "ts", "time", "T"),
    "side": ("side",),
    "is_buyer_maker": ("is_buyer_maker", "isBuyerMaker", "m"),
    "trade_id": ("trade_id", "tradeId", "id", "t"),
    "exchange": ("exchange", "venue"),
}
"""What each field may be called; the first name that is there counts."""
REQUIRED = ("symbol", "price", "quantity", "timestamp", "side")


def columns_of(names: Iterable[str], where: str) -> dict[str, str]:
    """Find the fields of a trade: field -> column; others than a trade's are ignored.

    Names of more than a letter are found in any case. ``is_buyer_maker`` stands in for a side.

    Args:
        names: Of the columns.
        where: What they are the columns of, to be said if they are wrong.

    Raises:
        FileError: A field is not there, or a column is there twice.
    """
    names = list(names)
    lower = {name.lower(): name for name in reversed(names) if len(name) > 1}
    found = {}
    for field, accepted in NAMES.items():
        for name in accepted:
            column = name if name in names else lower.get(name.lower())
            if column is not None:
                found[field] = column
                break
    if "side" in found:
        found.pop("is_buyer_maker", None)
    missing = [
        field
        for field in REQUIRED
        if field not in found and not (field == "side" and "is_buyer_maker" in found)
    ]
    if missing:
        wanted = "; ".join(f"{field} ({_names(field)})" for field in missing)
        raise FileError(
            f"{where}: expected a column for {wanted}; found {', '.join(names) or 'none'}"
        )
    twice = [column for column in found.values() if names.count(column) > 1]
    if twice:
        raise FileError(f"{where}: expected each column once, found two of {', '.join(twice)}")
    return found


def described() -> str:
    """All names, in a line for each field."""
    return "\n".join(f"  {field}: {', '.join(names)}" for field, names in NAMES.items())


def _names(field: str) -> str:
    accepted = NAMES["side"] + NAMES["is_buyer_maker"] if field == "side" else NAMES[field]
    return ", ".join(accepted)
