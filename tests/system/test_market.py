"""The main job on a real broker and a real cluster, against the oracle."""

import base64
import re
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.sinks import SINKS
from scripts.generate import orders
from scripts.generate.clock import EventTimes
from scripts.generate.feed import Feed, blocks
from scripts.stack.flink import JAVA_TEMPORARY, FlinkCluster
from tests import oracle
from tests.system.conftest import DELAY_MS, RunBackfill, SubmitMarket
from tests.system.harness import Market, Message, totals

pytestmark = pytest.mark.system

NOON = 1_767_268_800_000  # 2026-01-01 12:00 UTC
RECORDS = 20_000
BURST, BURST_STEP_MS, BURST_EVERY_MS = 50, 15, 250_000
"""A burst of trades, all in less than a second, every few minutes: 20,000 take 27 hours."""


def bursts() -> EventTimes:
    """A clock on which trades come in bursts, far from each other."""
    made = 0

    def event_times(count: int) -> NDArray[np.float64]:
        nonlocal made
        places = np.arange(made, made + count)
        made += count
        times = NOON + places // BURST * BURST_EVERY_MS + places % BURST * BURST_STEP_MS
        return times.astype(np.float64)

    return event_times


def feed(*, packed: int, disorder_ms: int, shuffle_ms: int) -> list[Message]:
    """Messages of a feed in the order of sending, any two changed if less than that apart."""
    made = Feed(bad=0.05, count=RECORDS, packed=packed, disorder_ms=disorder_ms)
    messages = [message for block in blocks(made, bursts()) for message in block]
    moved = np.random.default_rng(7).integers(0, shuffle_ms + 1, len(messages)).tolist()
    order = sorted(
        range(len(messages)),
        key=lambda place: messages[place].timestamp_ms + moved[place] if shuffle_ms else place,
    )
    return [
        Message(with_long_ids(message.value), message.timestamp_ms, message.key)
        for message in (messages[place] for place in order)
    ]


def with_long_ids(value: bytes) -> bytes:
    """The message with every other trade id made a text that ends as all of them do."""
    return re.sub(
        rb'"trade_id":(\d*[13579])(?=[,}])', rb'"trade_id":"\1-of-a-venue-with-long-ids"', value
    )


def published(candle: oracle.Candle) -> dict[str, Any]:
    """The candle as it stands in the topic, but for the time of writing."""
    return {**candle._asdict(), "final": True, "revision": 0}


def by_window(candles: list[dict[str, Any]]) -> dict[tuple[str, str, int], dict[str, Any]]:
    """Published candles without the time of writing; each of them must be the only one."""
    counts = Counter((each["symbol"], each["interval"], each["start"]) for each in candles)
    assert {window: count for window, count in counts.items() if count > 1} == {}
    return {
        (each["symbol"], each["interval"], each["start"]): {
            name: value for name, value in each.items() if name != "updated_at"
        }
        for each in candles
    }


def record_bytes(value: bytes, index: int) -> bytes:
    """The bytes of one of the records in a message, as the feed packs them."""
    if value.startswith(b"["):
        return oracle.array_elements(value, oracle.Fault())[index]
    return value.split(b"\n")[index] if b"\n" in value else value


@pytest.mark.parametrize(
    ("packed", "disorder_ms", "shuffle_ms", "settings"),
    [
        pytest.param(1, 1_500, 0, {}, id="singles"),
        pytest.param(1, 1_500, 0, {"batch_folder": "/proc"}, id="singles, no memory to share"),
        # The oldest trade of a message is another 50 * 15 ms behind the record's timestamp. Some
        # of the messages are larger than a batch of so few bytes, some are not.
        pytest.param(BURST, 500, 500, {"batch_bytes": 7_100}, id="arrays and lines, shuffled"),
    ],
)
def test_a_bounded_run_finishes_with_exactly_what_the_oracle_expects(
    run_backfill: RunBackfill,
    packed: int,
    disorder_ms: int,
    shuffle_ms: int,
    settings: dict[str, int | str],
) -> None:
    messages = feed(packed=packed, disorder_ms=disorder_ms, shuffle_ms=shuffle_ms)
    run = run_backfill([*messages, *messages[-3:]], **settings)
    expected = run.expected()
    assert len(run.records) == len(messages) + 3
    assert len(expected.duplicates) > 0
    assert {len({w[2] for w in expected.candles if w[1] == i}) > 1 for i in ("1s", "1d")} == {True}

    candles = by_window(run.finals)
    assert candles == {window: published(each) for window, each in expected.candles.items()}

    assert run.late_trades == []

    letters = Counter(
        (
            letter["partition"],
            letter["offset"],
            letter["index"],
            letter["reason"],
            base64.b64decode(letter["payload"], validate=True),
        )
        for letter in run.dead_letters
    )
    assert letters == Counter(
        (
            run.records[place].partition,
            run.records[place].offset,
            rejected.index,
            rejected.reason,
            record_bytes(run.records[place].value, rejected.index),
        )
        for place, rejected in expected.rejected
    )

    in_candles = Counter[str]()
    for candle in run.finals:
        in_candles[candle["interval"]] += candle["trades"]
    assert in_candles == dict.fromkeys(oracle.INTERVALS, len(expected.counted))
    assert totals(run.ledger) == {
        "messages": len(run.records),
        "records": len(expected.counted) + len(expected.duplicates) + len(expected.rejected),
        "candles": len(expected.counted),
        "duplicates": len(expected.duplicates),
        "late": 0,
        "rejected": len(run.dead_letters),
        "orders": 0,
        "session": 0,
    }


def trade(timestamp: int, price: float, **more: object) -> dict[str, object]:
    return {
        "symbol": "BTC/USD",
        "price": price,
        "quantity": 0.25,
        "timestamp": timestamp,
        "side": "buy",
        **more,
    }


def message(content: dict[str, object], partition: int, timestamp_ms: int) -> Message:
    return Message(msgspec.json.encode(content), timestamp_ms, partition=partition)


def advance(market: Market, time_ms: int) -> None:
    """Send each of two partitions the same trade of this time, and the watermark follows."""
    same = trade(time_ms, 105, trade_id=time_ms - NOON)
    market.send(*(message(same, number, time_ms) for number in range(2)))


def windows(candles: list[Any], interval: str, start: int) -> list[Any]:
    return [each for each in candles if (each["interval"], each["start"]) == (interval, start)]


def assert_operators(market: Market, cluster: FlinkCluster) -> None:
    """The topic is read by one source alone, and operators have names that read well."""
    nodes = cluster.rest.get(f"/jobs/{market.job_id}/plan")["plan"]["nodes"]
    sources = [node["description"] for node in nodes if not node.get("inputs")]
    assert len(sources) == 1
    assert "trades" in sources[0]

    vertices = cluster.rest.get(f"/jobs/{market.job_id}")["vertices"]
    names = " ".join(vertex["name"] for vertex in vertices)
    assert "Source: trades" in names
    assert "decode" in names
    assert "aggregate" in names
    for sink in SINKS:
        assert f"{sink}: Writer" in names
    # They are made one minute after the other, and come in that order.
    of_pairs = [each for each in vertices if "correlations: Writer" in each["name"]]
    assert [each["parallelism"] for each in of_pairs] == [1]
    assert not re.search(r"\[\d+\]|anonymous|[a-z][A-Z]", names)  # what the planner calls them


def bundles(home: Path) -> Counter[tuple[str, str]]:
    """What operators that run Python have said so far of their bundles: size, and time in ms."""
    (log,) = (home / "logs").glob("flink-*-taskexecutor-*.log")
    return Counter(re.findall(r"maximum bundle (\w+) is configured to (\d+)", log.read_text()))


def test_candles_form_get_final_and_are_corrected_until_trades_are_too_late(
    submit_market: SubmitMarket, cluster: FlinkCluster, home: Path, tmp_path: Path
) -> None:
    before = bundles(home)
    market = submit_market(
        partitions=2,
        parallelism=2,
        watermark_delay_ms=DELAY_MS,
        batch_folder=tmp_path,
        bundle_ms=70,
    )
    # Here, because a job of its own would be half a minute of two processors.
    assert_operators(market, cluster)
    # Of decode, which has two subtasks, each batch is one; aggregate has two, and correlate one.
    said = bundles(home) - before
    assert [said["size", "1"], said["size", "10000"], said["time", "7"]] == [2, 3, 3]
    # The submission left nothing behind.
    assert [*JAVA_TEMPORARY.glob(f"flink-distributed-cache-{market.job_id}*")] == []

    first = [trade(NOON + 100, 100.5, trade_id=1), trade(NOON + 900, 99.5, trade_id=2)]
    market.send(*(message(each, n, NOON + 900) for n, each in enumerate(first)))
    for interval in ("1s", "10s", "1m"):
        forming = windows(
            market.candles(
                lambda found, i=interval: any(  # type: ignore[misc]
                    each["trades"] == 2 for each in windows(found, i, NOON)
                ),
                final=False,
            ),
            interval,
            NOON,
        )
        assert not any(each["final"] for each in forming)
        assert forming[-1]["high"] == 100.5
    # What both sides share has no name any more, which would outlive them if they were killed.
    assert [*tmp_path.iterdir()] == []
    # And messages come from Python through memory too.
    process = cluster.taskmanager.process
    assert process
    assert "memfd:tapeline-messages" in Path(f"/proc/{process.pid}/maps").read_text()

    advance(market, NOON + 30_000)
    market.candles(lambda found: bool(windows(found, "10s", NOON)))

    # A late trade and a copy of it: one correction of what is closed.
    late = trade(NOON + 500, 1_000.0, trade_id=77, exchange="COINBASE", side="sell")
    market.send(*[message(late, 1, NOON + 30_000)] * 2)
    for interval in ("1s", "10s"):
        corrected = windows(
            market.candles(
                lambda found, i=interval: len(windows(found, i, NOON)) >= 2  # type: ignore[misc]
            ),
            interval,
            NOON,
        )
        assert [(each["revision"], each["trades"]) for each in corrected] == [(0, 2), (1, 3)]

    advance(market, NOON + 1_000_000)
    market.candles(lambda found: bool(windows(found, "15m", NOON)))
    too_late = trade(NOON + 501, 2_000.0, trade_id=78)
    market.send(message(too_late, 0, NOON + 1_000_000))
    (found,) = market.late_trades(1)
    lateness = found.pop("lateness")
    assert lateness >= 1_000_000 - DELAY_MS - 501 - 1
    assert found == {
        **too_late,
        "trade_id": "78",
        "exchange": None,
        "topic": market.trades_topic,
        "partition": 0,
        "offset": 3,
    }

    counted = [oracle.validate(each, NOON + 900) for each in (*first, late)]
    expected = oracle.candles(
        [*counted, oracle.validate(trade(NOON + 30_000, 105, trade_id=30_000), NOON + 30_000)]
    )
    finals = market.candles(lambda found: bool(windows(found, "15m", NOON)))
    newest = {(each["symbol"], each["interval"], each["start"]): each for each in finals}
    for window, each in expected.items():
        if window[1] in ("1s", "10s", "1m", "5m", "15m"):
            revision = 1 if window[1:] in (("1s", NOON), ("10s", NOON)) else 0
            wanted = {**published(each), "revision": revision}
            assert {k: v for k, v in newest[window].items() if k != "updated_at"} == wanted


def test_a_backfill_of_orders_ends_with_every_flow_final(run_backfill: RunBackfill) -> None:
    feed = Feed(count=5_000, rate=500, symbols=3)
    made = [message for block in orders.blocks(feed, orders.Mix(98, 2)) for message in block]
    run = run_backfill(
        [],
        [Message(each.value, each.timestamp_ms, key=each.key) for each in made],
    )
    requests = sum(each.value.count(b"\x0135=%c\x01" % kind) for each in made for kind in b"DFG")
    kinds = [f"{side}_{k}" for side in ("buy", "sell") for k in ("orders", "cancels", "replaces")]
    for interval in ("1s", "1m", "1d"):
        flows = [f for f in run.order_flow if f["final"] and f["interval"] == interval]
        assert sum(flow[kind] for flow in flows for kind in kinds) == requests
    books = {book["symbol"]: book for book in run.book}
    assert len(books) == 3
    assert all(book["open_orders"] > 0 for book in books.values())
