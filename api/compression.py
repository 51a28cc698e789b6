"""Answers over a kilobyte come compressed to those who want it, but no streams and tables."""

from fastapi import FastAPI
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from api.formats import MEDIA_TYPES

LEAST = 1_000  # bytes
LEVEL = 1  # a tenth larger than the middle one, in a third of the time
FLOATS = (MEDIA_TYPES["arrow"], MEDIA_TYPES["parquet"])  # hardly become smaller, or are compressed


def install(app: FastAPI) -> None:
    """Compress what the application answers; large answers in a thread of their own."""
    app.add_middleware(
        GZipMiddleware,
        minimum_size=LEAST,
        compresslevel=LEVEL,
        exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, *FLOATS),
    )
