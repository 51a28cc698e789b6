"""What makes a rejected record valid: fields set, or a function of one's own."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from scripts.stack.errors import StackError
from udfs.dead_letters import DeadLetter
from udfs.trades import decode

Repair = Callable[[DeadLetter], bytes | None]
"""The record's new bytes; None leaves it as it is, and it is not sent."""

UNKNOWN_MS = 1 << 61
"""A record timestamp that no trade's time is ahead of."""


class RepairError(StackError):
    """A repair that is not understood."""


def unchanged(letter: DeadLetter) -> bytes:
    """The record as it was: for what a newer version, or other settings, take."""
    return letter.payload


def setting(assignments: Sequence[str]) -> Repair:
    """A repair that sets fields of records that are JSON objects, and leaves others.

    Args:
        assignments: ``field=value`` each; the value is JSON, or else a text.

    Raises:
        RepairError: One is no assignment.
    """
    fields: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not name or not equals:
            raise RepairError(f"expected field=value, got {assignment}")
        try:
            fields[name] = msgspec.json.decode(text)
        except msgspec.DecodeError:
            fields[name] = text

    def repair(letter: DeadLetter) -> bytes | None:
        try:
            record = msgspec.json.decode(letter.payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return msgspec.json.encode({**record, **fields}) if isinstance(record, dict) else None

    return repair


def loaded(name: str) -> Repair:
    """The repair that a function does.

    Args:
        name: ``package.module:function``. It gets the letter as a dict, with ``payload`` as bytes.

    Raises:
        RepairError: There is no such function, or it returned neither bytes nor None.
    """
    module, _, attribute = name.partition(":")
    try:
        function = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise RepairError(f"expected module:function, got {name}: {error}") from error

    def repair(letter: DeadLetter) -> bytes | None:
        given: Mapping[str, Any] = msgspec.structs.asdict(letter)
        repaired = function(given)
        if repaired is not None and not isinstance(repaired, bytes):
            raise RepairError(f"{name} must return bytes or None, got {type(repaired).__name__}")
        return repaired

    return repair


class Verdict(msgspec.Struct, frozen=True):
    """What the job would make of a record."""

    reason: str | None
    """Why it would reject it; None if it would not."""
    detail: str
    timestamp: int
    """Of its newest trade, ms since 1970; 0 if there is none."""
    symbol: str
    """Of its first trade."""


def judge(payload: bytes, timestamp_ms: int, max_ahead_ms: int) -> Verdict:
    """What the job would make of these bytes as a Kafka record of this timestamp.

    A record that holds several counts as broken if one of them is.
    """
    (batch,) = decode(
        pa.array([payload], pa.binary()),
        np.array([timestamp_ms]),
        np.zeros(1, np.int32),
        np.zeros(1, np.int64),
        max_ahead_ms,
    )
    if batch.rejects:
        return Verdict(*batch.rejects.texts(batch.rejects[0]), 0, "")
    trades = batch.trades
    symbol = batch.symbols[int(trades["symbol"][0])]
    return Verdict(None, "", int(trades["timestamp"].max()), symbol)
