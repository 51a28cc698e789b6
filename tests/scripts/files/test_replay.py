"""How far a replay is, whatever stops it."""

import os
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from threading import Event

import pytest
from kafka.errors import MessageSizeTooLargeError, TopicAuthorizationFailedError

from scripts.files.blocks import BLOCK_ROWS, blocks
from scripts.files.errors import DeliveryError, StateError
from scripts.files.merge import Start, merged
from scripts.files.replay import Choice, Replay
from scripts.files.state import Positions
from scripts.sources.pace import Pace
from scripts.sources.record import Record
from scripts.sources.sender import Sender
from tests.scripts.files.makers import Listed

TARGET: dict[str, str | int | None] = {"topic": "trades"}
ROWS = 3 * BLOCK_ROWS + 5


class Broker(Sender):
    """Acknowledges what it is sent, as long as the test says."""

    def __init__(self, stop: Event, stop_after: int = ROWS) -> None:
        super().__init__(None, "trades", stop=stop, monotonic=count(step=10.0).__next__)
        self.values: list[bytes] = []
        self.is_away = False
        self._end, self._after = stop, stop_after

    def send(self, records: Iterable[Record]) -> int:  # type: ignore[override]
        for record in records:
            self.values.append(record.value)
            self.sent += record.count
            self.messages += 1
            self.acknowledged += not self.is_away
            if self.messages == self._after:
                self._end.set()
        return len(list(records))


class Lab:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "a.csv"
        self.file.write_text("x")
        self.path = folder / "state.json"
        self.stop = Event()

    def positions(self, *, restart: bool = False) -> Positions:
        return Positions(self.path, TARGET, [self.file], restart)

    def run(self, broker: Broker, choice: Choice | None = None) -> Replay:
        positions = self.positions()
        replay = Replay(broker, positions, choice or Choice(), self.stop, lambda: 0.0)
        runs = merged([Listed("", range(ROWS))], positions.starts)
        replay.run(blocks(runs), Pace(0, self.stop))
        return replay


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.mark.parametrize("row", [1, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, ROWS])
def test_one_that_was_stopped_goes_on_with_exactly_the_next_row(lab: Lab, row: int) -> None:
    first = Broker(lab.stop, row)
    lab.run(first)
    lab.stop.clear()
    second = Broker(lab.stop, -1)
    lab.run(second)
    assert first.values + second.values == [b"%d" % row for row in range(ROWS)]
    assert lab.positions().starts == [Start(ROWS, ROWS - 1)]


def test_what_is_not_acknowledged_is_not_written_down(lab: Lab) -> None:
    away = Broker(lab.stop, BLOCK_ROWS)
    away.is_away = True
    lab.run(away)
    assert not lab.path.exists()
    assert lab.positions().starts == [Start()]


def test_a_message_that_is_too_large_does_not_hold_the_others(lab: Lab) -> None:
    broker = Broker(lab.stop, -1)
    broker.messages, broker.failed, broker.error = 1, 1, MessageSizeTooLargeError()
    lab.run(broker)
    assert lab.positions().rows == ROWS


def test_a_broker_that_refuses_ends_a_replay_where_it_was(lab: Lab) -> None:
    broker = Broker(lab.stop, -1)
    broker.messages, broker.failed, broker.error = 1, 1, TopicAuthorizationFailedError()
    with pytest.raises(DeliveryError, match="1 messages failed: TopicAuthorizationFailed"):
        lab.run(broker)
    assert not lab.path.exists()


def test_rows_outside_of_a_range_are_read_and_not_sent(lab: Lab) -> None:
    broker = Broker(lab.stop, -1)
    replay = lab.run(broker, Choice(from_ms=100, to_ms=200))
    assert broker.values == [b"%d" % row for row in range(100, 200)]
    assert (replay.read, replay.left_out, replay.acknowledged) == (ROWS, ROWS - 100, 100)


def test_a_file_that_has_changed_is_refused_and_can_begin_anew(lab: Lab) -> None:
    lab.run(Broker(lab.stop, -1))
    os.utime(lab.file, ns=(1, 1))
    with pytest.raises(StateError, match=r"changed since 30,005 of its rows.*--restart"):
        lab.positions()
    assert lab.positions(restart=True).starts == [Start()]


def test_a_state_of_another_replay_is_refused(lab: Lab) -> None:
    lab.run(Broker(lab.stop, -1))
    with pytest.raises(StateError, match="topic was trades, is others"):
        Positions(lab.path, {"topic": "others"}, [lab.file], False)


def test_a_state_that_is_none_is_refused(lab: Lab) -> None:
    lab.path.write_text("{")
    with pytest.raises(StateError, match="expected the state of a replay"):
        lab.positions()
