"""Journals in Flink's state: what is kept in memory is made from them again.

They are written when a checkpoint comes, which ``streams.announce_checkpoints`` tells of.
"""

from typing import Any

from apache_beam.coders import Coder
from apache_beam.coders.coder_impl import StreamCoderImpl
from pyflink.common import Types
from pyflink.datastream import RuntimeContext
from pyflink.datastream.state import ListState, ListStateDescriptor

CHECKPOINT = b""
"""In place of an element: a checkpoint comes next, for which the journal of the key is written."""


class _EntryImpl(StreamCoderImpl):  # type: ignore[misc]
    """An entry behind its length, as PyFlink writes BYTES, which copies them one byte at a time."""

    def encode_to_stream(self, value: bytes, out: Any, nested: bool) -> None:
        del nested
        out.write_bigendian_int32(len(value))
        out.write(value)

    def decode_from_stream(self, stream: Any, nested: bool) -> bytes:
        del nested
        entry: bytes = stream.read(stream.read_bigendian_int32())
        return entry


class _EntryCoder(Coder):  # type: ignore[misc]
    def _create_impl(self) -> _EntryImpl:
        return _EntryImpl()


def of(runtime_context: RuntimeContext, name: str) -> ListState:
    """The list state of this name, of BYTES.

    Raises:
        ImportError: this PyFlink has another kind of state.
    """
    state = runtime_context.get_list_state(
        ListStateDescriptor(name, Types.PRIMITIVE_ARRAY(Types.BYTE()))
    )
    if not hasattr(state, "_value_coder"):
        raise ImportError("this PyFlink's states have no _value_coder: pin the version tested")
    state._value_coder = _EntryCoder()
    return state


def write(state: ListState, journal: tuple[list[bytes], bool]) -> None:
    """Writes down what changed: entries more or, if it is True, those that replace all."""
    entries, replace = journal
    if replace:
        state.update(entries)
    elif entries:
        state.add_all(entries)
