"""What a history may be written as, and which of it a caller wants."""

import re
from typing import Literal

Format = Literal["json", "csv", "arrow", "parquet"]

MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}
QUALITY = re.compile(r"[qQ]=([01](?:\.[0-9]{0,3})?)")


def choose(named: Format | None, accept: str) -> Format:
    """The format that is named; or else that which ``Accept`` (RFC 9110) likes best; or JSON."""
    if named:
        return named
    liked = _ranges(accept)

    def quality(media_type: str) -> float:
        kind = media_type.partition("/")[0]
        ranges = (media_type, f"{kind}/*", "*/*")
        return next((liked[each] for each in ranges if each in liked), 0.0)

    # Of those that are liked the same, the first counts.
    return max(MEDIA_TYPES, key=lambda each: quality(MEDIA_TYPES[each]))


def _ranges(accept: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for each in accept.split(","):
        media_range, _, parameters = each.partition(";")
        quality = QUALITY.search(parameters)
        found[media_range.strip().lower()] = float(quality[1]) if quality else 1.0
    return found
