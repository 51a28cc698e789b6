"""Recordings for the tests of the profile, made of the generator's feed and spoiled on purpose."""

import csv
import gzip
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from scripts.generate.feed import Feed, blocks
from scripts.generate.trade import Trade
from scripts.profiling.files import Files
from scripts.profiling.piece import Input
from scripts.profiling.profile import profile
from scripts.profiling.report import Report
from scripts.profiling.terms import Terms

LATEST_MS = 1_800_000_000_000
FIELDS = list(Trade.__struct_fields__)


def recording(
    seed: int = 1,
    count: int = 4_000,
    copies: float = 0.02,
    off: float = 0.005,
    disorder_ms: int = 400,
    silences: int = 3,
) -> list[dict[str, Any]]:
    """Trades in the order in which they came.

    Args:
        seed: Of all that is random.
        count: Of trades that are no copies.
        copies: Share that comes again, a little later.
        off: Share whose price is far off.
        disorder_ms: How far they come out of order.
        silences: Of all symbols, each longer than the one before.
    """
    rng = np.random.default_rng(seed)
    feed = Feed(seed=seed, count=count, rate=20, disorder_ms=disorder_ms)
    made = [
        msgspec.to_builtins(msgspec.json.decode(message.value, type=Trade))
        for block in blocks(feed)
        for message in block
    ]
    shift = 0
    after = set(rng.integers(1, count, silences).tolist())
    rows: list[dict[str, Any]] = []
    for number, trade in enumerate(made):
        if number in after:
            shift += int(rng.choice([700, 6_000, 40_000]))
        trade["timestamp"] += shift
        trade["trade_id"] = str(trade["trade_id"])
        if rng.random() < off:
            trade["price"] = round(trade["price"] * float(rng.choice([0.7, 1.25])), 6)
        rows.append(trade)
        if rng.random() < copies:
            rows.append(rows[int(rng.integers(max(len(rows) - 50, 0), len(rows)))])
    return rows


@dataclass(frozen=True)
class Profiled:
    """What a profile gave."""

    report: Report
    cleaned: pd.DataFrame
    removed: pd.DataFrame


def profiled(given: Input | Path | str, folder: Path, terms: Terms | None = None) -> Profiled:
    """Profiles an input; what is made is in a folder."""
    out, scratch = folder / "out", folder / "scratch"
    for each in (out, scratch):
        each.mkdir(parents=True, exist_ok=True)
    read = Files(str(given), LATEST_MS) if isinstance(given, Path | str) else given
    made = profile(read, terms or Terms(), out, scratch)
    tables = [pq.read_table(out / f"{name}.parquet") for name in ("cleaned", "removed")]
    return Profiled(made.report, *(table.to_pandas() for table in tables))


def without_about(report: Report) -> Report:
    """A report, but for the name of what it is about."""
    about = msgspec.structs.replace(report.about, input="", parts=0)
    off = [msgspec.structs.replace(each, part="", position=0) for each in report.fat_fingers]
    return msgspec.structs.replace(report, about=about, fat_fingers=off)


def write_parquet(rows: list[dict[str, Any]], path: Path) -> Path:
    columns = {field: [row.get(field) for row in rows] for field in FIELDS}
    text, number = pa.string(), pa.float64()
    types = [text, number, number, pa.int64(), text, text, text]
    pq.write_table(pa.table(columns, pa.schema(list(zip(FIELDS, types, strict=True)))), path)
    return path


def write_hive(rows: list[dict[str, Any]], path: Path) -> Path:
    """A folder for each symbol, the rows of which it does not say itself."""
    for symbol in {row["symbol"] for row in rows}:
        own = [row for row in rows if row["symbol"] == symbol]
        folder = path / f"symbol={symbol.replace('/', '%2F')}"
        folder.mkdir(parents=True)
        table = pq.read_table(write_parquet(own, folder / "part.parquet"))
        pq.write_table(table.drop_columns(["symbol"]), folder / "part.parquet")
    return path


def write_csv(rows: list[dict[str, Any]], path: Path) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_ndjson(rows: list[dict[str, Any]], path: Path) -> Path:
    data = msgspec.json.Encoder().encode_lines(rows)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def with_symbols(report: Report) -> dict[str, Any]:
    return {each.symbol: each for each in report.symbols}


def tight(terms: Terms, **scores: Any) -> Terms:
    """Terms with other rules of scores."""
    return replace(terms, scores=replace(terms.scores, **scores))
