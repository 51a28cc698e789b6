"""Messages to topics, many at once: the bytes that kernels wrote, as they go to the JVM.

To make a Python object of each message takes longer than to write most of them.

What goes to the JVM is one value for all that is published at one time: VALUE, and then of each
topic, little-endian, the bytes of its name, the number of keys k, and the number of messages n (i4
each); k lengths of keys, n lengths of messages, and n times which key a message has (i4 each); the
name, the keys and the messages, each end to end. The other side, ``PartMessages``, is in
``flink-conf/src/main/java/io/tapeline``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from udfs import texts
from udfs.texts import Texts

MARK = b"M"
"""What all that goes to the JVM for messages begins with; a frame and a tally begin with digits."""
VALUE = MARK + b"V"
"""What a value begins with; ``udfs.ring`` has addresses of such."""


@dataclass(frozen=True, slots=True, eq=False)
class Messages:
    """n messages to one topic; iterating gives key and value of each."""

    keys: Texts
    """k of them."""
    places: NDArray[Any]
    """(n,) which of the keys each message has."""
    values: Texts
    """n of them."""

    @classmethod
    def of(cls, messages: Iterable[tuple[bytes, bytes]]) -> Self:
        """Those with these keys and values."""
        pairs = list(messages)
        keys, values = (Texts.of([pair[side] for pair in pairs]) for side in (0, 1))
        return cls(keys, np.arange(len(pairs)), values)

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        keys = list(self.keys)
        return zip((keys[place] for place in self.places.tolist()), self.values, strict=True)


def together(parts: Iterable[Messages]) -> Messages:
    """Those of each, one after the other."""
    parts = list(parts)
    if len(parts) == 1:
        return parts[0]
    firsts = np.cumsum([0, *(len(part.keys) for part in parts)])
    places = [part.places + first for part, first in zip(parts, firsts, strict=False)]
    return Messages(
        texts.together(part.keys for part in parts),
        np.concatenate([np.zeros(0, np.int64), *places]),
        texts.together(part.values for part in parts),
    )


def pack(published: Iterable[tuple[str, Messages]]) -> bytes:
    """The value with all messages, by the names of their topics; they keep their order."""
    parts: list[Any] = [VALUE]
    for topic, messages in published:
        name, keys, values = topic.encode(), messages.keys, messages.values
        head = [len(name), len(keys), len(messages)]
        parts += [
            np.array(head, np.int32),
            *(each.astype(np.int32) for each in (keys.lengths, values.lengths, messages.places)),
            *(name, keys.whole, values.whole),
        ]
    return b"".join(parts)


def warm_up() -> None:
    """Compiles the kernel, or loads it from numba's cache."""
    one = Texts(np.zeros(1, np.uint8), np.arange(2))
    texts.in_turn(one, one, np.array([False, True]))
