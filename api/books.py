"""The newest book of each symbol."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable

from api.errors import UnknownSymbolError
from api.records import Book


class Books:
    """The newest book of each of ``limit`` symbols, those last updated."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._books: OrderedDict[str, Book] = OrderedDict()

    def put(self, books: Iterable[Book]) -> None:
        """Take in books in the order they were read."""
        with self._lock:
            for book in books:
                self._books[book.symbol] = book
                self._books.move_to_end(book.symbol)
                if len(self._books) > self._limit:
                    self._books.popitem(last=False)

    def of(self, symbol: str) -> Book:
        """The newest book of a symbol.

        Raises:
            UnknownSymbolError: Nothing is kept of the symbol.
        """
        with self._lock:
            try:
                return self._books[symbol]
            except KeyError:
                raise UnknownSymbolError("book", symbol, self._books) from None

    def some(self, symbols: Collection[str]) -> list[Book]:
        """The newest books of these symbols, as far as there are some; of all without any."""
        with self._lock:
            names = symbols or self._books
            return [self._books[symbol] for symbol in names if symbol in self._books]

    def __len__(self) -> int:
        return len(self._books)
