"""The handover of a job's state to other shards than it was written with.

Each shard of before sends each of now its part of the state, over the same way that frames come. A
shard of now is an heir until all parts are there, and keeps the frames that come before the last.
"""

from collections.abc import Iterator, Sequence

import msgspec

from udfs import snapshot
from udfs.frames import KEY_BYTES
from udfs.ledger import Change, Ledger
from udfs.messages import Messages
from udfs.shard import AWAITED, HANDED_OVER, SNAPSHOT, Output, Rules, Shard
from udfs.shards import TALLY, heir_of
from udfs.snapshot import Snapshot
from udfs.windows import NEVER

_PART = b"PART"
"""What a part begins with, after its key: no frame and no tally does."""


class _Kept(msgspec.Struct, array_like=True):
    """A piece, and the watermark that it came with."""

    watermark: int
    piece: bytes


_packer = msgspec.msgpack.Encoder()
_unpacker = msgspec.msgpack.Decoder(_Kept)


def restored(
    number: int, rules: Rules, journal: Sequence[bytes], recovered_ms: int
) -> "Shard | Heir":
    """As ``Shard.restored``; an heir if there are parts of the state to wait for."""
    journal = [data for data in journal if data != HANDED_OVER]
    if rules.shards_before and not (journal and journal[0].startswith(SNAPSHOT)):
        return Heir(number, rules, journal, recovered_ms)
    return Shard.restored(number, rules, journal, recovered_ms)


def parts(
    number: int, before: Rules, journal: Sequence[bytes], shards: int
) -> Iterator[tuple[int, bytes]]:
    """Key and piece of the parts that so many shards get of the state of one of before.

    Args:
        number: Its number. The account of what decode counted goes on as it is.
        before: What its settings said.
        journal: Its journal; HANDED_OVER takes its place then, and there is nothing to hand over.
        shards: How many there are now.

    Raises:
        StateError: it was an heir itself, and waited for its state.
    """
    if HANDED_OVER in journal:
        return
    whole = Shard.restored(number, before, journal, 0).snapshot()
    of_each = [(TALLY, whole)] if number == TALLY else snapshot.split(whole, shards)
    for heir, part in of_each:
        yield heir, b"%04d" % heir + _PART + snapshot.pack(part)


class Heir:
    """A shard that waits for the parts of its state; to Flink it is like any other.

    Args:
        number: Its number.
        rules: What the settings say; ``shards_before`` send a part each.
        journal: What ``journal`` gave so far.
        recovered_ms: As for ``Shard.restored``.
    """

    def __init__(
        self, number: int, rules: Rules, journal: Sequence[bytes], recovered_ms: int
    ) -> None:
        self.number = number
        self.changes: list[Change] = []
        self.shard: Shard | None = None
        """The shard, once all parts are there."""
        self._rules = rules
        self._recovered_ms = recovered_ms
        self._missing = {TALLY} if number == TALLY else set(range(rules.shards_before))
        self._parts: list[Snapshot] = []
        self._frames: list[_Kept] = []
        self._entries: list[bytes] = []
        for data in journal:
            self._keep(_unpacker.decode(data[len(AWAITED) :]))

    def hear(self, now_ms: int) -> None:
        """As ``Shard.hear``: no time passes here."""

    def take(self, piece: bytes, watermark: int, now_ms: int) -> list[Output]:
        """Takes in a part, or a piece that a shard takes; after the last part, all pieces kept."""
        kept = _Kept(watermark, piece)
        self._entries.append(AWAITED + _packer.encode(kept))
        self._keep(kept)
        if self._missing:
            return []
        rules = self._rules
        whole = snapshot.merged(self.number, self._parts)
        self.shard = Shard.of_snapshot(self.number, rules, whole, self._recovered_ms)
        out = self.shard.begin(now_ms)
        for each in self._frames:
            out += self.shard.take(each.piece, each.watermark, now_ms)
        # Their counts are in this shard's account now; without this they would be there twice.
        for number in range(rules.shards, rules.shards_before):
            if heir_of(number, rules.shards) == self.number:
                message = Ledger().message(number, rules.shards, rules.topics, now_ms)
                out.append(("ledger", Messages.of([message])))
        return out

    def tick(self, watermark: int, now_ms: int) -> list[Output]:
        """Nothing is due before there is a state."""
        del watermark, now_ms
        return []

    def due(self, now_ms: int) -> tuple[int, int | None]:
        """As ``Shard.due``: never."""
        del now_ms
        return int(NEVER) - 1, None

    def journal(self) -> tuple[list[bytes], bool]:
        """As ``Shard.journal``, of what is kept."""
        entries, self._entries = self._entries, []
        return entries, False

    def _keep(self, kept: _Kept) -> None:
        if kept.piece[KEY_BYTES:].startswith(_PART):
            part = snapshot.unpack(kept.piece[KEY_BYTES + len(_PART) :])
            self._missing.discard(part.shard)
            self._parts.append(part)
        else:
            self._frames.append(kept)
