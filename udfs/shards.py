"""Shards: which of them a symbol belongs to."""

import zlib

CELLS = 4096
"""Symbols are hashed into so many cells, and cells dealt out to the shards, which are no more."""
TALLY = 9999
"""In place of a shard's number: what decode counted is an account of its own."""


def cell_of(symbol: str) -> int:
    """The cell of a symbol: the last 12 bits of the CRC32 of its UTF-8 bytes."""
    return zlib.crc32(symbol.encode()) % CELLS


def shard_of(symbol: str, shards: int) -> int:
    """The shard of a symbol: its cell modulo the number of shards."""
    return cell_of(symbol) % shards


def heir_of(shard: int, shards: int) -> int:
    """Which of so many shards gets what is of no symbol in the state of one of before."""
    return shard % shards
