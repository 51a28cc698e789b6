"""What the engine must be told of an exchange, and all that it knows of one."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from scripts.exchanges.trade import Trade


class Trades(NamedTuple):
    """A frame with trades."""

    trades: tuple[Trade, ...]


class Malformed(NamedTuple):
    """A frame that should have been a trade of a subscribed stream, and is none.

    Attributes:
        reason: Why it is none.
        symbol: Of which stream it is; empty if that cannot be told.
    """

    reason: str
    symbol: str = ""


class Refused(NamedTuple):
    """The exchange does not serve what was asked for."""

    reason: str


class Closing(NamedTuple):
    """The exchange will close this connection soon."""


class Control(NamedTuple):
    """Something else, which asks for nothing; ``is_answer`` if it says that all is well."""

    is_answer: bool = False


Event = Trades | Malformed | Refused | Closing | Control


class Query(NamedTuple):
    """A GET request of the exchange's REST API."""

    path: str
    parameters: Mapping[str, str | int] = {}


class Adapter(Protocol):
    """An exchange whose trades are numbered without holes, each symbol for itself."""

    @property
    def exchange(self) -> str:
        """Its name in trades."""

    @property
    def symbols(self) -> Sequence[str]:
        """What is followed."""

    @property
    def url(self) -> str:
        """Where its WebSocket is."""

    @property
    def greetings(self) -> Sequence[str]:
        """What is sent first over a new connection."""

    @property
    def rest_url(self) -> str:
        """Where its REST API is."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Of every request of REST."""

    def parse(self, frame: bytes) -> Event:
        """What a frame says; it never raises, whatever the bytes."""

    def missing(self, symbol: str, ids: range) -> Query:
        """Asks for a page that has some of these trades, if the exchange still has them."""

    def page(self, symbol: str, body: bytes) -> list[Trade]:
        """The trades of such a page, in the order of their ids.

        Raises:
            msgspec.MsgspecError: It is no page of trades.
        """

    def known(self, symbol: str) -> Query:
        """Asks for something that is only there if the exchange has this symbol."""

    def is_unknown(self, status: int, body: bytes) -> bool:
        """Whether the answer says that it has not."""

    def pause(self, headers: Mapping[str, str]) -> float:
        """Seconds to leave between this answer of REST and the next request."""
