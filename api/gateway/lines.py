"""Lines out of bytes that come in pieces."""

from collections.abc import Iterable, Iterator

from api.gateway.trade import MAX_ROW_BYTES


def lines(chunks: Iterable[bytes], most_bytes: int = MAX_ROW_BYTES) -> Iterator[bytes | None]:
    """The lines without their line breaks (LF or CRLF); None for one over ``most_bytes``.

    However long such a line is, only its beginning is held. What ``chunks`` raises goes through,
    and what came of a last line is left out then: half a row is none.
    """
    held = bytearray()
    too_long = False  # the line that goes on is over the bound, and dropped already
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        held += first
        if others:
            yield None if too_long else _line(bytes(held), most_bytes)
            too_long = False
            *whole, last = others
            for line in whole:
                yield _line(line, most_bytes)
            held = bytearray(last)
        if len(held) > most_bytes + 1:  # with a carriage return
            held.clear()
            too_long = True
    if too_long:
        yield None
    elif held:
        yield _line(bytes(held), most_bytes)


def _line(line: bytes, most_bytes: int) -> bytes | None:
    if line.endswith(b"\r"):
        line = line[:-1]
    return line if len(line) <= most_bytes else None
