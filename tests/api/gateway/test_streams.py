"""What stands between the socket and the rows: pipe, gzip, lines, multipart."""

import asyncio
import contextlib
import gzip
import threading
import time
from collections.abc import Iterator
from itertools import repeat

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.gateway.errors import BadBodyError, BodyTooLargeError, UnsupportedFormError
from api.gateway.form import form_of_file
from api.gateway.gunzip import PIECE_BYTES, gunzip
from api.gateway.lines import lines
from api.gateway.multipart import file_of
from api.gateway.pipe import HELD_BYTES, BrokenBodyError, Pipe


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


def nothing() -> None:
    pass


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=5), st.integers(1, 12))
def test_lines_are_those_of_the_whole_wherever_it_is_cut(parts: list[bytes], size: int) -> None:
    body = b"\n".join(part.replace(b"\n", b"").rstrip(b"\r") for part in parts)
    expected = body.removesuffix(b"\n").split(b"\n") if body else []
    assert list(lines(cut(body, size))) == expected
    assert list(lines(cut(body.replace(b"\n", b"\r\n"), size))) == expected


@given(st.lists(st.integers(0, 20), max_size=8), st.integers(1, 7), st.integers(0, 10))
def test_a_line_over_the_bound_is_none_and_only_its_beginning_is_held(
    lengths: list[int], size: int, most: int
) -> None:
    body = b"".join(b"x" * length + b"\n" for length in lengths)
    expected = [b"x" * length if length <= most else None for length in lengths]
    assert list(lines(cut(body, size), most)) == expected


def test_half_a_line_is_none_where_the_bytes_break_off() -> None:
    def breaking() -> Iterator[bytes]:
        yield b"one\ntw"
        raise BrokenBodyError

    reader = lines(breaking())
    assert next(reader) == b"one"
    with pytest.raises(BrokenBodyError):
        next(reader)


@given(st.lists(st.binary(max_size=2_000), max_size=4), st.integers(1, 300))
def test_gzip_is_undone_wherever_it_is_cut_and_however_many_streams(
    parts: list[bytes], size: int
) -> None:
    packed = b"".join(map(gzip.compress, parts))
    assert b"".join(gunzip(cut(packed, size), 1 << 20)) == b"".join(parts)


def test_what_is_packed_well_comes_in_bounded_pieces_and_is_bounded_in_all() -> None:
    packed = gzip.compress(bytes(20 << 20))
    pieces = [len(piece) for piece in gunzip([packed], 20 << 20)]
    assert sum(pieces) == 20 << 20
    assert max(pieces) <= PIECE_BYTES
    with pytest.raises(BodyTooLargeError):
        list(gunzip([packed], (20 << 20) - 1))


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"symbol,price", "incorrect header"), (gzip.compress(b"x" * 99, mtime=0)[:-3], "too early")],
)
def test_what_is_no_gzip_is_refused(body: bytes, expected: str) -> None:
    with pytest.raises(BadBodyError, match=expected):
        list(gunzip([body], 1_000))


def form(**files: tuple[str, bytes]) -> tuple[str, bytes]:
    request = httpx.Request("POST", "http://x", files=files, data={"note": "before"})
    return request.headers["content-type"], request.read()


@given(st.binary(max_size=500), st.integers(1, 100))
def test_the_file_of_a_form_comes_as_it_is_wherever_it_is_cut(content: bytes, size: int) -> None:
    content_type, body = form(file=("a b.csv", content))
    file = file_of(cut(body, size), content_type)
    assert (file.name, b"".join(file.chunks)) == ("a b.csv", content)


def test_a_form_has_one_file_and_is_whole() -> None:
    content_type, body = form(file=("a.csv", b"12345"), other=("b.csv", b"6"))
    with pytest.raises(BadBodyError, match="one file"):
        list(file_of([body], content_type).chunks)
    with pytest.raises(BadBodyError, match="got none"):
        file_of([b"--b\r\n\r\nx\r\n--b--\r\n"], "multipart/form-data; boundary=b")
    with pytest.raises(BadBodyError, match="boundary"):
        file_of([body], "multipart/form-data")
    content_type, body = form(file=("a.csv", b"12345"))
    with pytest.raises(BadBodyError, match="too early"):
        list(file_of([body[:-20]], content_type).chunks)
    with pytest.raises(BadBodyError, match="expected multipart"):
        list(file_of([b"no form"], content_type).chunks)


@pytest.mark.parametrize("name", ["kurse märz.csv", "取引.csv", "сделки.csv", "\U000c8250.csv"])
def test_a_file_may_have_a_name_in_any_script(name: str) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="%b"\r\n'
        b"Content-Type: text/csv\r\n\r\nx\r\n--b--\r\n" % name.encode()
    )
    assert file_of([body], "multipart/form-data; boundary=b").name == name


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_whatever_stands_in_headers_of_a_form_is_a_file_or_a_bad_body(
    field: bytes, kind: bytes
) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="%b"; filename="%b"\r\n'
        b"Content-Type: %b\r\n\r\nx\r\n--b--\r\n" % (field, field, kind)
    )
    with contextlib.suppress(BadBodyError):
        list(file_of([body], "multipart/form-data; boundary=b").chunks)


@pytest.mark.parametrize(
    ("content_type", "name", "expected"),
    [
        ("text/csv", "x", ("csv", False)),
        ("application/octet-stream", "A.CSV", ("csv", False)),
        ("", "trades.jsonl.gz", ("ndjson", True)),
        ("application/x-ndjson", "x.gz", ("ndjson", True)),
        ("", "2026.01.parquet", ("parquet", False)),
    ],
)
def test_a_file_says_its_form_by_its_type_or_its_name(
    content_type: str, name: str, expected: tuple[str, bool]
) -> None:
    assert form_of_file(content_type, name) == expected


@pytest.mark.parametrize("name", ["", "x", "x.gz", ".gz", "x.parquet.gz", "csv"])
def test_a_file_of_another_form_is_refused(name: str) -> None:
    with pytest.raises(UnsupportedFormError):
        form_of_file("application/octet-stream", name)


def test_whoever_puts_waits_until_there_is_room_and_nothing_is_lost() -> None:
    chunk = bytes(64 << 10)
    most = 0

    async def run() -> int:
        nonlocal most
        pipe = Pipe()
        taken: list[int] = []

        def take() -> None:
            for each in pipe.chunks(nothing):
                taken.append(len(each))
                time.sleep(0.0005)  # slower than the sender

        thread = threading.Thread(target=take)
        thread.start()
        for _ in repeat(None, 200):
            assert await pipe.put(chunk)
            most = max(most, pipe.held)
        pipe.end()
        await asyncio.to_thread(thread.join)
        return sum(taken)

    assert asyncio.run(run()) == 200 * len(chunk)
    assert most <= HELD_BYTES


def test_whoever_puts_is_told_that_nobody_takes_any_more() -> None:
    async def run() -> bool:
        pipe = Pipe()
        waiting = asyncio.create_task(pipe.put(bytes(HELD_BYTES + 1)))
        await asyncio.sleep(0)
        assert not waiting.done()
        pipe.leave()
        return await waiting

    assert asyncio.run(run()) is False


def test_what_came_before_a_break_is_given_and_then_the_break() -> None:
    async def run() -> list[bytes]:
        pipe = Pipe()
        await pipe.put(b"one")
        pipe.abort(BrokenBodyError("cut"))
        found = []

        def take() -> None:
            for each in pipe.chunks(nothing):
                found.append(each)

        with pytest.raises(BrokenBodyError, match="cut"):
            take()
        return found

    assert asyncio.run(run()) == [b"one"]
