"""What a client asks to be told."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from api.live.channels import CHANNELS, Kind, kind_of

MAX_SYMBOL = 32  # characters, as in a trade


class BadSubscriptionError(ValueError):
    """What was asked for does not exist; ``valid`` is what would have been right."""

    def __init__(self, message: str, valid: Collection[str] = ()) -> None:
        self.valid = list(valid)
        super().__init__(message)


@dataclass(frozen=True)
class Subscription:
    """Channels, and the symbols that count of them; without symbols all do."""

    channels: frozenset[str]
    symbols: frozenset[str]

    @cached_property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of messages behind the channels."""
        return frozenset(map(kind_of, self.channels))

    @cached_property
    def keys(self) -> list[tuple[str, str | None]]:
        """Channel and symbol of all that is asked for; a symbol of None is every one."""
        symbols: Iterable[str | None] = self.symbols or (None,)
        return [(channel, symbol) for channel in self.channels for symbol in symbols]


def subscription(channels: Iterable[str], symbols: Iterable[str], max_symbols: int) -> Subscription:
    """Check what a client asks for.

    Raises:
        BadSubscriptionError: A channel does not exist, there is none, or a symbol cannot be.
    """
    found = frozenset(filter(None, (channel.strip() for channel in channels)))
    if not found:
        raise BadSubscriptionError("channels: expected at least one, got none", CHANNELS)
    for channel in sorted(found):
        if channel not in CHANNELS:
            raise BadSubscriptionError(f"channels: there is no channel {channel!r}", CHANNELS)
    only = frozenset(filter(None, (symbol.strip() for symbol in symbols)))
    if len(only) > max_symbols:
        raise BadSubscriptionError(
            f"symbols: expected at most {max_symbols}, or none for all, got {len(only)}"
        )
    for symbol in sorted(only):
        if len(symbol) > MAX_SYMBOL:
            raise BadSubscriptionError(
                f"symbols: expected 1 to {MAX_SYMBOL} characters, got {symbol[:100]!r}"
            )
        if "*" in symbol:
            raise BadSubscriptionError(
                f"symbols: expected whole symbols, or none for all, got {symbol!r}"
            )
    return Subscription(found, only)
