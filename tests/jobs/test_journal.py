"""What is written to a journal in Flink's state, held against what PyFlink itself writes."""

from typing import Any

import pytest
from apache_beam.coders.coder_impl import create_InputStream, create_OutputStream
from hypothesis import given
from hypothesis import strategies as st
from pyflink.common import Types
from pyflink.fn_execution.beam.beam_coders import FlinkCoder
from pyflink.fn_execution.coders import from_type_info

from jobs import journal


class State:
    """A list state of PyFlink's, as far as it is asked."""

    def __init__(self) -> None:
        self._value_coder: Any = None
        self.entries: list[bytes] = []
        self.add_all = self.entries.extend

    def update(self, entries: list[bytes]) -> None:
        self.entries[:] = entries


class Context:
    """Of a worker, with one state of PyFlink's."""

    def __init__(self, state: Any) -> None:
        self._state = state

    def get_list_state(self, descriptor: Any) -> Any:
        self.name, self.type = descriptor.name, descriptor.type_info.elem_type
        return self._state


def written(coder: Any, entries: list[bytes]) -> bytes:
    out = create_OutputStream()
    for entry in entries:
        coder.encode_to_stream(entry, out, True)
    data: bytes = out.get()
    return data


def read(coder: Any, data: bytes) -> list[bytes]:
    stream, entries = create_InputStream(data), []
    while stream.size() > 0:
        entries.append(coder.decode_from_stream(stream, True))
    return entries


@given(st.lists(st.binary(max_size=200)))
def test_entries_are_those_that_pyflink_writes_and_reads(entries: list[bytes]) -> None:
    context = Context(State())
    ours = journal.of(context, "journal")._value_coder.get_impl()
    pyflink = FlinkCoder(from_type_info(context.type)).get_impl()
    assert (context.name, context.type) == ("journal", Types.PRIMITIVE_ARRAY(Types.BYTE()))
    data = written(pyflink, entries)
    assert written(ours, entries) == data
    assert read(ours, data) == read(pyflink, data) == entries


def test_another_kind_of_state_is_not_taken_for_pyflinks() -> None:
    with pytest.raises(ImportError, match="_value_coder"):
        journal.of(Context(object()), "journal")


def test_an_entry_is_added_and_a_snapshot_takes_the_place_of_all() -> None:
    state = State()
    for change in (([b"1"], False), ([], False), ([b"all"], True), ([b"2", b"3"], False)):
        journal.write(state, change)
    assert state.entries == [b"all", b"2", b"3"]
