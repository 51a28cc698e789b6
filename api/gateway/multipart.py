"""The one file of a multipart body, as it comes."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.gateway.errors import BadBodyError


@dataclass(frozen=True, slots=True)
class File:
    """A file of a form: its name, the type that it says it has, and its bytes."""

    name: str
    content_type: str
    chunks: Iterator[bytes]


class _Parts:
    """What the parser found and nobody took yet; fields that are no files are dropped."""

    def __init__(self) -> None:
        self.data: deque[bytes] = deque()
        self.files: list[tuple[str, str]] = []
        self.is_whole = False
        self._headers: dict[str, str] = {}
        self._name = self._value = b""
        self._in_file = False

    def begin(self) -> None:
        self._headers = {}
        self._in_file = False

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        # Its bytes one by one: whoever takes them apart puts them together so again.
        self._headers[self._name.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._name = self._value = b""

    def headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", ""))
        if b"filename" not in options:
            return
        if self.files:
            raise BadBodyError("expected one file, got another one after it")
        name = options[b"filename"].decode(errors="replace")
        self.files.append((name, self._headers.get("content-type", "")))
        self._in_file = True

    def part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self.data.append(data[start:end])

    def end(self) -> None:
        self.is_whole = True


def file_of(chunks: Iterable[bytes], content_type: str) -> File:
    """Read until the file begins; its bytes are read as they are asked for.

    Args:
        chunks: The body, cut anywhere.
        content_type: Of the request, with the boundary.

    Raises:
        BadBodyError: It is no multipart body with one file; ``File.chunks`` may raise it too.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise BadBodyError("expected a boundary in the Content-Type of multipart/form-data")
    parts = _Parts()
    pieces = _pieces(chunks, boundary, parts)
    first = next(pieces, None)
    if not parts.files:
        raise BadBodyError("expected one file in the form, got none")
    return File(*parts.files[0], _after(first, pieces))


def _pieces(chunks: Iterable[bytes], boundary: bytes, parts: _Parts) -> Iterator[bytes]:
    """The bytes of the file, the first perhaps empty: it says that the file has begun."""
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": parts.begin,
                "on_header_field": parts.header_name,
                "on_header_value": parts.header_value,
                "on_header_end": parts.header_end,
                "on_headers_finished": parts.headers_end,
                "on_part_data": parts.part_data,
                "on_end": parts.end,
            },
        )
        has_begun = False
        for chunk in chunks:
            parser.write(chunk)
            if parts.files and not has_begun:
                has_begun = True
                yield b""
            while parts.data:
                yield parts.data.popleft()
    except FormParserError as error:
        raise BadBodyError(f"expected multipart/form-data: {error}") from None
    if not parts.is_whole:
        raise BadBodyError("expected multipart/form-data: it ends too early")


def _after(first: bytes | None, pieces: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from pieces
