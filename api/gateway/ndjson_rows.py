"""The rows of NDJSON: one JSON object a line."""

from collections.abc import Callable, Iterable, Iterator

from api.gateway import reasons
from api.gateway.json_row import judge_line
from api.gateway.lines import lines
from api.gateway.reasons import Fault
from api.gateway.trade import Trade


def ndjson_rows(chunks: Iterable[bytes], latest_ms: Callable[[], int]) -> Iterator[Trade | Fault]:
    """What each line that is not blank holds.

    Args:
        chunks: The bytes, cut anywhere.
        latest_ms: The latest timestamp that is not too far ahead, now.
    """
    for line in lines(chunks):
        if line is None:
            yield reasons.TOO_LARGE
        elif line and not line.isspace():
            yield judge_line(line, latest_ms())
