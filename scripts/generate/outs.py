"""Where a made-up market goes: to Kafka, or to a file."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from scripts.generate.chaos import Block
from scripts.generate.feed import Faults, Maker
from scripts.sources.sender import Sender

ROW_GROUP = 500_000
SCHEMA = pa.schema(
    {
        "symbol": pa.string(),
        "price": pa.float64(),
        "quantity": pa.float64(),
        "timestamp": pa.int64(),
        "side": pa.string(),
        "trade_id": pa.int64(),
        "exchange": pa.string(),
    }
)
"""Columns of files, as the fields of trades: ``timestamp`` is in ms since the epoch."""


class Out(Protocol):
    """Takes blocks of a market."""

    def write(self, block: Block, faults: Faults) -> int:
        """Take a block; return the messages that could not be sent, for the end came first."""


class ToKafka:
    """Messages to a topic."""

    def __init__(self, maker: Maker, sender: Sender) -> None:
        self._maker = maker
        self._sender = sender

    def write(self, block: Block, faults: Faults) -> int:
        """As in Out."""
        messages = self._maker.messages(block, faults)
        return len(messages) - self._sender.send(messages)


class ToFile(ABC):
    """A file that has its name when it is whole.

    Args:
        maker: Of what is written.
        path: Where to.

    Attributes:
        sent: Records in it.
    """

    def __init__(self, maker: Maker, path: Path) -> None:
        self.maker = maker
        self.sent = 0
        self._path = path
        self._partial = path.with_name(path.name + ".partial")
        self.file: BinaryIO = self._partial.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        whole = False
        try:
            self.finish()
            whole = kind is None
        finally:
            self.file.close()
            if whole:
                self._partial.replace(self._path)
            else:
                self._partial.unlink()

    def write(self, block: Block, faults: Faults) -> int:
        """As in Out."""
        self.put(block, faults)
        self.sent += len(block.times)
        return 0

    @abstractmethod
    def put(self, block: Block, faults: Faults) -> None:
        """Write a block, or hold it."""

    def finish(self) -> None:
        """Write what is still held."""
        self.file.flush()

    def told(self) -> str:
        """Where it goes, in words."""
        return str(self._path)

    def trouble(self) -> Iterable[str]:
        """A file that could not be written is an error."""
        return ()


class ToLines(ToFile):
    """One JSON object a line; broken ones as they are."""

    def __init__(self, maker: Maker, path: Path) -> None:
        super().__init__(maker, path)
        self._encoder = msgspec.json.Encoder()

    def put(self, block: Block, faults: Faults) -> None:
        """As lines."""
        trades = self.maker.trades(block)
        rows: list[object] = list(trades)
        for i, fault in faults.items():
            rows[i] = fault.spoil(trades[i])
        self.file.write(self._encoder.encode_lines(rows))


class ToParquet(ToFile):
    """Columns of SCHEMA; a group of rows is written while the next one is made."""

    def __init__(self, maker: Maker, path: Path) -> None:
        super().__init__(maker, path)
        self._writer = pa.parquet.ParquetWriter(
            self.file, SCHEMA, compression="zstd", use_dictionary=["symbol", "side", "exchange"]
        )
        self._held: list[pa.Table] = []
        self._rows = 0
        self._thread = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def put(self, block: Block, faults: Faults) -> None:
        """As rows of a group."""
        self._held.append(table(self.maker, block, faults))
        self._rows += len(block.times)
        if self._rows >= ROW_GROUP:  # small ones cost more than they hold
            self._hand_over()

    def finish(self) -> None:
        """Write the last group, and the footer."""
        if self._held:
            self._hand_over()
        self._thread.shutdown()
        if self._writing:
            self._writing.result()
        self._writer.close()

    def _hand_over(self) -> None:
        if self._writing:
            self._writing.result()  # one waits at most: a slow disk slows the making down
        self._writing = self._thread.submit(self._writer.write_table, pa.concat_tables(self._held))
        self._held, self._rows = [], 0


class ToCsv(ToFile):
    """Columns of SCHEMA, under their names."""

    def __init__(self, maker: Maker, path: Path) -> None:
        super().__init__(maker, path)
        self._writer = pa.csv.CSVWriter(
            self.file, SCHEMA, write_options=pa.csv.WriteOptions(quoting_style="needed")
        )

    def put(self, block: Block, faults: Faults) -> None:
        """As rows."""
        self._writer.write_table(table(self.maker, block, faults))

    def finish(self) -> None:
        """Write what the writer holds."""
        self._writer.close()


FILES: dict[str, type[ToFile]] = {"parquet": ToParquet, "ndjson": ToLines, "csv": ToCsv}


def table(maker: Maker, block: Block, faults: Faults) -> pa.Table:
    """A block as a table of SCHEMA."""
    made = block.trades
    price, quantity, times = made.price.copy(), made.quantity.copy(), block.times.copy()
    symbol, side = made.symbol.astype("i4"), made.buy.astype("i4")
    symbols, sides = [each.symbol for each in maker.instruments], ["sell", "buy"]
    for i, trade in zip(faults, maker.trades(block.at(list(faults))), strict=True):
        spoiled = faults[i].spoil(trade)
        assert isinstance(spoiled, dict)
        price[i], quantity[i] = spoiled["price"], spoiled["quantity"]
        times[i] = spoiled["timestamp"]
        symbol[i], side[i] = len(symbols), len(sides)
        symbols.append(spoiled["symbol"])
        sides.append(spoiled["side"])
    exchanges = [each.exchange for each in maker.instruments]
    return pa.table(
        [
            _texts(symbol, symbols),
            pa.array(price),
            pa.array(quantity),
            pa.array(times),
            _texts(side, sides),
            pa.array(made.trade_id),
            _texts(made.symbol, exchanges),
        ],
        schema=SCHEMA,
    )


def _texts(codes: NDArray[Any], names: list[str]) -> pa.Array:
    return pa.array(names).take(pa.array(codes))
