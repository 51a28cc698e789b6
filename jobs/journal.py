"""Journals in Flink's state: what is kept in memory is made from them again."""

from pyflink.datastream.state import ListState


def write(state: ListState, written: tuple[bytes, bool] | None) -> None:
    """Writes down what changed, if anything did: an entry more or, if it is True, one for all."""
    if written is None:
        return
    data, replaces = written
    if replaces:
        state.update([data])
    else:
        state.add(data)
