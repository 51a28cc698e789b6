"""The forms that trades may be uploaded in."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath
from typing import Literal

from api.gateway.csv_rows import csv_rows
from api.gateway.errors import UnsupportedFormError
from api.gateway.ndjson_rows import ndjson_rows
from api.gateway.parquet_rows import parquet_rows
from api.gateway.reasons import Fault
from api.gateway.trade import Trade

Form = Literal["csv", "ndjson", "parquet"]
Rows = Iterator[Trade | Fault]

MULTIPART = "multipart/form-data"
MEDIA_TYPES: dict[str, Form] = {
    "text/csv": "csv",
    "application/x-ndjson": "ndjson",
    "application/vnd.apache.parquet": "parquet",
}
READERS: dict[Form, Callable[[Iterable[bytes], Callable[[], int]], Rows]] = {
    "csv": csv_rows,
    "ndjson": ndjson_rows,
    "parquet": parquet_rows,
}
_SUFFIXES: dict[str, Form] = {
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
}


def media_type(content_type: str) -> str:
    """The type alone, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def form_of(content_type: str) -> Form:
    """The form that a body says it has.

    Raises:
        UnsupportedFormError: It is not read.
    """
    try:
        return MEDIA_TYPES[media_type(content_type)]
    except KeyError:
        raise UnsupportedFormError(
            f"expected a Content-Type of trades, got {content_type!r}",
            (*MEDIA_TYPES, MULTIPART),
        ) from None


def form_of_file(content_type: str, name: str) -> tuple[Form, bool]:
    """The form of a file in a multipart body, by its type or else its name; and if it is gzip.

    Raises:
        UnsupportedFormError: Neither says one that is read.
    """
    path = PurePath(name.lower())
    is_gzip = path.suffix == ".gz"
    suffix = path.with_suffix("").suffix if is_gzip else path.suffix
    form = MEDIA_TYPES.get(media_type(content_type)) or _SUFFIXES.get(suffix)
    if form is None or (is_gzip and form == "parquet"):
        raise UnsupportedFormError(
            f"expected a file of trades, got {name!r} of type {content_type!r}",
            (*MEDIA_TYPES, *_SUFFIXES),
        )
    return form, is_gzip
