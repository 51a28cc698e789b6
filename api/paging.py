"""Lists that are walked through a page at a time, from the newest row to the oldest."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Generic, TypeVar, overload

import msgspec

from api.errors import BadCursorError
from api.parameters import PageParameters

MARK = 8  # bytes that tell whether a cursor belongs to the question
NO_PART = {"limit", "cursor", "format"}  # these may differ from page to page

P = TypeVar("P")
T = TypeVar("T")


class Walk(Generic[P]):
    """One page of a list, and the cursor that leads on to the one before it in time.

    A cursor holds the place of the oldest row given, and a mark of the question. Places are what
    a row keeps when it is corrected, so no row is given twice, and none that stays is left out.

    Args:
        name: Of the list.
        symbol: Whose rows they are; empty if they are of all.
        asked: The parameters.
        places: Reads a place; rows are ordered by it.

    Raises:
        BadCursorError: The cursor was made up, or is that of another question.
    """

    def __init__(
        self,
        name: str,
        symbol: str,
        asked: PageParameters,
        places: msgspec.json.Decoder[P],
    ) -> None:
        self.limit = asked.limit
        question = [name, symbol, asked.model_dump(exclude=NO_PART)]
        self._key = blake2b(msgspec.json.encode(question)).digest()
        self.place = None if asked.cursor is None else self._read(asked.cursor, places)
        """Of the oldest row that is known already; None on the first page."""

    @overload
    def cut(self, rows: range, place: Callable[[int], P]) -> tuple[range, str | None]: ...

    @overload
    def cut(self, rows: list[T], place: Callable[[T], P]) -> tuple[list[T], str | None]: ...

    def cut(
        self, rows: list[T] | range, place: Callable[[Any], P]
    ) -> tuple[list[T] | range, str | None]:
        """The page, and the cursor of the next one; None if there is nothing before this page.

        Args:
            rows: Those before ``self.place``, ascending; of many, one more than the limit will do.
            place: Of a row.
        """
        page = rows[-self.limit :]
        return page, self.cursor(place(page[0])) if len(rows) > self.limit else None

    def cursor(self, place: P) -> str:
        """The cursor of the page before this place."""
        text = msgspec.json.encode(place)
        return urlsafe_b64encode(self._mark(text) + text).decode().rstrip("=")

    def _read(self, cursor: str, places: msgspec.json.Decoder[P]) -> P:
        try:
            read = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            if read[:MARK] != self._mark(read[MARK:]):
                raise BadCursorError(cursor)
            place = places.decode(read[MARK:])
        except (ValueError, msgspec.MsgspecError):  # no base64, or no place
            raise BadCursorError(cursor) from None
        if self.cursor(place) != cursor:
            raise BadCursorError(cursor)
        return place

    def _mark(self, text: bytes) -> bytes:
        return blake2b(text, digest_size=MARK, key=self._key).digest()
