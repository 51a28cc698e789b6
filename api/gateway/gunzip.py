"""Gzip, undone as it comes, in pieces that are bounded however well it was compressed."""

import zlib
from collections.abc import Iterable, Iterator

from api.gateway.errors import BadBodyError, BodyTooLargeError

PIECE_BYTES = 256 << 10
_GZIP = 31  # as zlib takes it: the longest window, and gzip's header


def gunzip(chunks: Iterable[bytes], most_bytes: int) -> Iterator[bytes]:
    """What one gzip stream, or several end to end, hold.

    Raises:
        BadBodyError: It is not gzip, or ends too early.
        BodyTooLargeError: It holds more than ``most_bytes``.
    """
    stream = None
    total = 0
    for chunk in chunks:
        rest = chunk
        while True:
            if stream is None:
                rest = rest.lstrip(b"\0")  # between two streams there may be padding
                if not rest:
                    break
                stream = zlib.decompressobj(_GZIP)
            try:
                piece = stream.decompress(rest, PIECE_BYTES)
            except zlib.error as error:
                raise BadBodyError(f"expected gzip: {error}") from None
            total += len(piece)
            if total > most_bytes:
                raise BodyTooLargeError(f"expected at most {most_bytes} bytes once it is unpacked")
            if piece:
                yield piece
            if stream.eof:
                rest, stream = stream.unused_data, None
            else:
                rest = stream.unconsumed_tail
                # What is packed well comes out long after its last byte went in.
                if not rest and len(piece) < PIECE_BYTES:
                    break
    if stream is not None:
        raise BadBodyError("expected gzip: it ends too early")
