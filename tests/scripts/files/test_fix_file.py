from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.files.fix_file import SOH, is_whole, messages
from scripts.files.rows import NO_TIME
from scripts.generate import orders
from scripts.generate.feed import Feed
from tests.scripts.files.makers import file_of

MADE = [m for block in orders.blocks(Feed(count=200), orders.Mix(9, 1)) for m in block]
FIX = [message.value for message in MADE]
FRAMED = st.lists(st.sampled_from(FIX), max_size=9)


@given(FRAMED)
def test_messages_are_found_one_after_the_other_and_one_a_line(found: list[bytes]) -> None:
    assert list(messages(b"".join(found))) == found
    assert list(messages(b"".join(each + b"\n" for each in found))) == found
    assert list(messages(b"".join(each + b"\r\n\r\n" for each in found))) == found


@given(FRAMED, st.sampled_from([b"12:00:00.123 OUT: ", b"[INFO] <", b""]))
def test_a_log_may_write_bars_and_something_before(found: list[bytes], prefix: bytes) -> None:
    log = b"".join(prefix + each.replace(SOH, b"|") + b"\n" for each in found)
    assert list(messages(log)) == found


def test_a_message_is_as_long_as_it_says_whatever_is_in_it() -> None:
    body = b"35=8\x0158=FIX and 8=FIX\n|\x0110=000\x01"
    message = b"8=FIX.4.2\x019=%d\x01%s" % (len(body), body)
    message += b"10=%03d\x01" % (sum(message) % 256)
    assert list(messages(message + FIX[0])) == [message, FIX[0]]
    assert is_whole(message)


@pytest.mark.parametrize(
    "broken",
    [
        FIX[0][: len(FIX[0]) // 2],
        FIX[0].replace(b"\x019=", b"\x019=9", 1),
        FIX[0][:-1],
        FIX[0].replace(SOH, b"|")[10:],
        b"hello",
    ],
)
def test_what_is_broken_is_one_row_and_takes_no_other_with_it(broken: bytes) -> None:
    assert list(messages(b"\n".join([FIX[0], broken, FIX[1]]))) == [FIX[0], broken, FIX[1]]
    assert list(messages(FIX[0] + broken + FIX[1])) == [FIX[0], broken, FIX[1]]
    assert not is_whole(broken)


def test_key_and_time_are_those_of_the_message(tmp_path: Path) -> None:
    (tmp_path / "a.fix").write_bytes(b"".join(FIX) + b"hello")
    (batch,) = file_of(tmp_path / "a.fix").read(0, 1_000)
    assert batch.times.tolist() == [*(message.timestamp_ms for message in MADE), NO_TIME]
    has_symbol = [SOH + b"55=" in value for value in FIX]
    assert batch.keys.tolist() == [
        *(m.key if has else b"" for m, has in zip(MADE, has_symbol, strict=True)),
        b"",
    ]
    assert batch.apart.tolist() == [False] * len(FIX) + [True]
