"""The intake: all of an input, once, in the order in which it came."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa

from scripts.profiling.arrivals import Arrivals
from scripts.profiling.duplicates import Duplicates
from scripts.profiling.names import Names
from scripts.profiling.piece import Input, Piece
from scripts.profiling.store import Store, ids_of
from scripts.profiling.terms import Terms
from udfs import frames


class Intake:
    """Takes in pieces.

    Args:
        terms: What holds for the profile.
        store: Where all that is read goes.

    Attributes:
        names: Of the symbols and exchanges, by their codes.
        arrivals: How they came.
        outside: Trades that are not asked for.
        crossed: By the code of the symbol, trades that are stamped later than their Kafka record.
    """

    def __init__(self, terms: Terms, store: Store) -> None:
        self.names = Names()
        self.arrivals = Arrivals()
        self.outside = 0
        self.crossed = np.zeros(0, np.int64)
        self._terms, self._store = terms, store
        self._duplicates = Duplicates(terms.duplicates_ms, terms.delay_ms)

    def read(self, given: Input, tell: Callable[[float], None]) -> None:
        """Takes in all of an input.

        Args:
            given: It.
            tell: Told how much more of its total was read.

        Raises:
            ProfileError: It cannot be read.
        """
        before = None
        for piece in given.pieces():
            if not given.is_topic and before not in (None, piece.part):
                self._close(before)
            before = piece.part
            self.take(piece)
            tell(piece.read)
        for part in given.parts:
            self._close(part)

    def take(self, piece: Piece) -> None:
        """Takes in a piece."""
        self._store.reject(piece.part, piece.rejects)
        batch = piece.batch
        for frame in frames.split(batch, 1):
            ids, crossed = ids_of(batch.trades["id_length"], batch.ids), piece.crossed
            wanted = self._are_wanted(frame)
            if not wanted.all():
                self.outside += int(np.count_nonzero(~wanted))
                frame = frames.take(frame, wanted)
                ids, crossed = ids.filter(pa.array(wanted)), crossed[wanted]
            frame = self.names.coded(replace(frame, trades=frame.trades.copy()))
            symbols = len(self.names.symbols)
            are_new = self._duplicates.are_new(frame, self.names.hashes, piece.part)
            self.arrivals.take(frame.trades[are_new], symbols, piece.part)
            self._store.add(frame.trades, ids, are_new)
            codes = frame.trades["symbol"][crossed]
            self.crossed = np.bincount(codes, minlength=symbols) + np.append(
                self.crossed, np.zeros(symbols - self.crossed.size, np.int64)
            )

    def _are_wanted(self, frame: frames.Frame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        terms, times = self._terms, frame.trades["timestamp"]
        wanted = np.ones(times.size, np.bool_)
        if terms.from_ms is not None:
            wanted &= times >= terms.from_ms
        if terms.to_ms is not None:
            wanted &= times < terms.to_ms
        if terms.symbols:
            are_wanted = np.array([symbol in terms.symbols for symbol in frame.symbols])
            wanted &= are_wanted[frame.trades["symbol"]]
        return wanted

    def _close(self, part: int | None) -> None:
        if part is not None:
            self._duplicates.close(part)
            self.arrivals.close(part)
