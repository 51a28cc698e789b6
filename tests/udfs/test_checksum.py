import zlib

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.makers import column
from udfs.checksum import crc32s, fix_checksums

values = st.lists(st.binary(max_size=100) | st.none())


@given(values)
def test_crc32_is_that_of_zlib(values: list[bytes | None]) -> None:
    expected = [zlib.crc32(value or b"") for value in values]
    assert crc32s(column(*values)).tolist() == expected
    assert crc32s(pa.array(values, pa.binary())).tolist() == expected


@given(values)
def test_a_checksum_is_the_sum_of_all_bytes(values: list[bytes | None]) -> None:
    expected = [sum(value or b"") % 256 for value in values]
    assert fix_checksums(column(*values)).tolist() == expected
    assert fix_checksums(pa.array(values, pa.binary())).tolist() == expected


def test_known_values() -> None:
    # The check value of CRC-32 in the catalogue of parametrised CRC algorithms.
    assert crc32s(column(b"123456789")).tolist() == [0xCBF43926]
    # A heartbeat, with and without its own trailer.
    message = (
        b"8=FIX.4.2\x019=51\x0135=0\x0134=703\x0149=ABC\x0152=20100130-10:53:40.830\x0156=XYZ\x01"
    )
    assert fix_checksums(column(message, message + b"10=249\x01")).tolist() == [249, 249]


@pytest.mark.parametrize(
    "end", [b"10=12\x01", b"10=0123\x01", b"110=123\x01", b"10=123", b"10:123\x01"]
)
def test_only_a_trailer_is_left_out(end: bytes) -> None:
    message = b"35=0\x01" + end
    assert fix_checksums(column(message)).tolist() == [sum(message) % 256]
