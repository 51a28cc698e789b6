"""What the gateway lets through: by kind of message, and by symbol."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

TRADES = "trades"
"""The kind of uploaded trades; that of a hook is the name of its event."""

_SYMBOLS_REMEMBERED = 20_000


class Filter:
    """Lets through what is named.

    Args:
        symbols: Shell patterns; all if there are none.
        kinds: Kinds of messages, or ``*`` for all.
    """

    def __init__(self, symbols: Iterable[str], kinds: Iterable[str]) -> None:
        self._patterns = tuple(symbols)
        self._kinds = frozenset(kinds)
        self.passes_symbol = lru_cache(_SYMBOLS_REMEMBERED)(self._matches)
        """Whether a symbol is let through."""

    def passes_kind(self, kind: str) -> bool:
        """Whether a kind of message is let through."""
        return "*" in self._kinds or kind in self._kinds

    def _matches(self, symbol: str) -> bool:
        return not self._patterns or any(fnmatchcase(symbol, each) for each in self._patterns)
