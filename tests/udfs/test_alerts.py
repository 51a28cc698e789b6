"""Alerts are those that the rules say, however the stream is cut, restored or dealt out."""

import dataclasses
import json
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.makers import NOW_MS, Message, text
from tests.udfs.test_analytics import ANALYTICS, shuffled
from tests.udfs.test_handover import Shards
from tests.udfs.test_shard import MINUTE, RULES, SECOND, Run, parts_of, small_journals
from tests.udfs.test_watch import DELAY, SCORES
from udfs import alerts
from udfs.alert_rules import KINDS, AlertRule
from udfs.alerts import Alerts
from udfs.frames import Frame
from udfs.intervals import INTERVALS
from udfs.messages import Messages
from udfs.windows import NEVER

OF_ALL_KINDS = (
    AlertRule("any price", "price", 1.6, cooldown_ms=0),
    AlertRule("price of S1", "price", 2.6, ("S1",), 5 * SECOND),
    AlertRule("quantity", "quantity", 1.8, ("S[02]", "X"), 7 * SECOND),
    AlertRule("return", "return", 2.5, cooldown_ms=5 * MINUTE),
    AlertRule("volume", "volume", 2.5, interval="10s", cooldown_ms=20 * SECOND),
    AlertRule("finger", "fat_finger", 60.0, cooldown_ms=3 * SECOND),
    AlertRule("gap", "gap", 400, cooldown_ms=SECOND),
    AlertRule("swing", "swing", 60.0, cooldown_ms=2 * MINUTE),
    AlertRule("up", "rsi_2", 60, interval="1s"),
    AlertRule("down", "rsi_2", 40, interval="10s", below=True, cooldown_ms=0),
    AlertRule("price above", "sma_2", 50, interval="1s", cooldown_ms=30 * SECOND),
)
rules = dataclasses.replace(
    RULES, scores=SCORES, analytics=ANALYTICS, correction_ms=MINUTE, alerts=OF_ALL_KINDS
)
PLACES = [None, *INTERVALS]
Told = dict[str, tuple[str | None, float]]
"""Interval and value of alerts, by their ids."""


def measured(rule: AlertRule, output: str, message: dict[str, Any]) -> tuple[int, float] | None:
    """When a message of the rule's kind is, and how much; None if it is of another."""
    if rule.interval is not None and message.get("interval") != rule.interval:
        return None
    if output == "anomalies" and message["kind"] == rule.kind:
        length = INTERVALS[message["interval"]] if message["interval"] else 0
        return message["timestamp"] + length, message["z"]
    if output == "quality" and message["kind"] == rule.kind:
        away = rule.kind == "fat_finger"
        return message["timestamp"], 100 * message["away"] if away else message["length"]
    if output == "trends" and rule.kind == "swing":
        return message["windowEndTimestamp"], 100 * message["swing"]
    value = message["values"].get(rule.kind) if output == "indicators" else None
    return None if value is None else (message["end"], value)


def expected(outputs: Iterable[tuple[str, bytes, bytes]]) -> Told:
    """The alerts of messages by their ids: each rule's by its definition, one after another."""
    messages = [
        (name, json.loads(value)) for name, _, value in outputs if name not in ("alerts", "ledger")
    ]
    found: Told = {}
    for rule in OF_ALL_KINDS:
        events = []
        for output, message in messages:
            event = measured(rule, output, message)
            if event is not None:
                events.append((event[0], PLACES.index(message.get("interval")), event[1], message))
        last: dict[str, int] = {}
        for time, _, value, message in sorted(events, key=lambda event: event[:2]):
            symbol = message["symbol"]
            if rule.symbols != ("*",) and (symbol == "S1") != (rule.symbols == ("S1",)):
                continue
            size = value if rule.kind not in KINDS else abs(value)
            if (size > rule.threshold if rule.below else size < rule.threshold) or (
                symbol in last and time < last[symbol] + max(rule.cooldown_ms, 1)
            ):
                continue
            last[symbol] = time
            found[f"{rule.name}/{symbol}/{time}"] = message.get("interval"), value
    return found


def made_of(outputs: Iterable[tuple[str, bytes, bytes]]) -> list[dict[str, Any]]:
    return [json.loads(value) for name, _, value in outputs if name == "alerts"]


def by_id(outputs: Iterable[tuple[str, bytes, bytes]]) -> Told:
    """The alerts among messages; what comes again must be the same."""
    found: Told = {}
    for each in made_of(outputs):
        own = each["interval"], each["value"]
        assert found.setdefault(each["id"], own) == own
    return found


def assert_same(found: Told, wanted: Told) -> None:
    """But for the last digits, which may depend on how a sum was cut."""
    assert {key: of for key, (of, _) in found.items()} == {k: of for k, (of, _) in wanted.items()}
    values = {key: value for key, (_, value) in wanted.items()}
    assert {key: value for key, (_, value) in found.items()} == pytest.approx(values)


seeds = st.integers(0, 2**32 - 1)
spans = st.sampled_from([2 * SECOND, 30 * SECOND, 10 * MINUTE])
cuts = st.lists(st.integers(0, 250), max_size=8)


def in_time(seed: int, n: int, span_ms: int, cuts: list[int]) -> list[tuple[Frame, int]]:
    """Parts of a stream in which nothing comes late, each with the watermark that it came with."""
    found, watermark = [], NOW_MS - 2 * span_ms
    for part in parts_of(shuffled(seed, n, span_ms, DELAY), cuts):
        found.append((part, watermark))
        if part.trades.size:
            watermark = max(watermark, int(part.trades["timestamp"].max()) - DELAY - 1)
    return found


def whole(seed: int, n: int, span_ms: int) -> Told:
    """The alerts of the stream in one piece."""
    run = Run(rules)
    for part, watermark in in_time(seed, n, span_ms, []):
        run.take(part, watermark)
    run.tick(int(NEVER))
    return by_id(run.outputs)


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 250), spans, cuts, st.booleans(), st.data())
def test_alerts_are_those_of_the_rules_however_the_stream_is_cut_and_restored(
    seed: int, n: int, span_ms: int, cuts: list[int], small: bool, data: st.DataObject
) -> None:
    run = Run(rules)
    for part, watermark in in_time(seed, n, span_ms, cuts):
        with small_journals(small):
            run.take(part, watermark)
        if data.draw(st.booleans()):
            run.restore()
    run.tick(int(NEVER))
    found = by_id(run.outputs)
    assert len(made_of(run.outputs)) == len(found)
    assert_same(found, expected(run.outputs))
    assert_same(found, whole(seed, n, span_ms))


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(10, 250), spans, cuts, cuts, st.integers(0, 250))
def test_a_state_that_goes_back_gives_the_same_alerts_again_and_no_others(
    seed: int, n: int, span_ms: int, first: list[int], again: list[int], at: int
) -> None:
    run, checkpoint, left = Run(rules), list[bytes](), n
    for part, watermark in in_time(seed, n, span_ms, [*first, min(at, n)]):
        run.take(part, watermark)
        left -= part.trades.size
        if left == n - min(at, n):
            checkpoint = run.checkpoint()
    run.tick(int(NEVER))
    before, left = by_id(run.outputs), n
    run.go_back(checkpoint)
    for part, watermark in in_time(seed, n, span_ms, [*again, min(at, n)]):
        if left <= n - min(at, n):
            run.take(part, watermark)
        left -= part.trades.size
    run.tick(int(NEVER))
    assert by_id(run.outputs) == before
    assert_same(before, whole(seed, n, span_ms))


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(1, 5), st.integers(1, 5), cuts, st.booleans())
def test_alerts_go_on_with_other_shards(
    seed: int, before: int, after: int, cuts: list[int], small: bool
) -> None:
    parts = in_time(seed, 200, 5 * MINUTE, cuts)
    shards = Shards(before, rules=rules)
    with small_journals(small):
        for number, (part, watermark) in enumerate(parts):
            if number == len(parts) // 2:
                shards = shards.handed_over(after, watermark)
            shards.frame(part, watermark)
        shards.end()
    assert len(made_of(shards.outputs)) == len(by_id(shards.outputs))
    assert_same(by_id(shards.outputs), whole(seed, 200, 5 * MINUTE))


def test_what_holds_nothing_back_any_more_is_forgotten() -> None:
    run = Run(rules)
    for part, watermark in in_time(1, 250, 30 * SECOND, [50, 100]):
        run.take(part, watermark)
    run.tick(NOW_MS + MINUTE)
    held = {rule: len(own) for rule, own in run.shard.alerts.alerted.items()}
    assert held["any price"] == 3
    run.tick(NOW_MS + 30 * MINUTE)
    assert not any(run.shard.alerts.alerted.values())


def test_what_a_rule_that_is_gone_remembered_is_forgotten() -> None:
    run = Run(rules)
    run.take(shuffled(3, 200, MINUTE, 0), NOW_MS)
    run.tick(NOW_MS + MINUTE)
    run.restore()
    assert sum(map(bool, run.shard.snapshot().alerted.values())) > 5
    run.shard.rules = dataclasses.replace(rules, alerts=OF_ALL_KINDS[:1])
    run.restore()
    assert list(run.shard.snapshot().alerted) == ["any price"]


SYMBOL = "BTCUSDT"


def message(output: str, **fields: Any) -> Message:
    value = {"symbol": SYMBOL, "updated_at": 5, **fields}
    return output, value["symbol"].encode(), text(value)


def price(timestamp: int = NOW_MS, z: float = 7.239, symbol: str = SYMBOL, **more: Any) -> Message:
    fields = {"symbol": symbol, "timestamp": timestamp, "kind": "price", "interval": None}
    return message("anomalies", **fields, value=1.0, z=z, **more)


def published(*messages: Message) -> list[tuple[str, Messages]]:
    """As a shard publishes them: together what goes to one output."""
    return [
        (output, Messages.of((key, value) for _, key, value in own))
        for output, own in groupby(messages, itemgetter(0))
    ]


def alerted(found: Alerts, *messages: Message) -> list[dict[str, Any]]:
    """The alerts that follow from messages that come at once."""
    return [json.loads(value) for _, value in found.of(published(*messages), 1)]


def times(rule: AlertRule, messages: Iterable[Message]) -> list[int]:
    """Of the alerts that a rule makes of messages that come at once."""
    return [each["timestamp"] for each in alerted(Alerts([rule]), *messages)]


def test_an_alert_says_what_the_contract_says() -> None:
    rule = AlertRule("price shock", "price", 6.0)
    cause = price()
    ((key, value),) = Alerts([rule]).of(published(cause), 42)
    assert key == SYMBOL.encode()
    assert list(json.loads(value).items()) == [
        ("id", f"price shock/BTCUSDT/{NOW_MS}"),
        ("symbol", SYMBOL),
        ("timestamp", NOW_MS),
        ("rule", "price shock"),
        ("kind", "price"),
        ("interval", None),
        ("value", 7.239),
        ("threshold", 6.0),
        ("text", "price shock: BTCUSDT price z 7.24 reached 6"),
        ("cause", json.loads(cause[2])),
        ("updated_at", 42),
    ]
    ((_, value),) = Alerts([rule]).of(published(cause), None)
    assert json.loads(value)["updated_at"] == NOW_MS


OF_CANDLE = {"timestamp": NOW_MS, "interval": "1m", "value": 0.5}
MEASURED = [
    (price(z=-6.5), "price", -6.5, 0, "BTCUSDT price z -6.5"),
    (message("anomalies", kind="quantity", timestamp=NOW_MS, interval=None, value=1, z=4),
     "quantity", 4.0, 0, "BTCUSDT quantity z 4"),
    (message("anomalies", kind="return", z=-3.25, **OF_CANDLE),
     "return", -3.25, MINUTE, "BTCUSDT 1m return z -3.25"),
    (message("anomalies", kind="volume", z=123456.789, **OF_CANDLE),
     "volume", 123456.789, MINUTE, "BTCUSDT 1m volume z 123456.79"),
    (message("anomalies", kind="model", z=None, mean=None, **OF_CANDLE),
     "model", 0.5, MINUTE, "BTCUSDT 1m model score 0.5"),
    (message("quality", kind="fat_finger", timestamp=NOW_MS, away=-0.29),
     "fat_finger", -29.0, 0, "BTCUSDT fat finger -29%"),
    (message("quality", kind="gap", timestamp=NOW_MS, length=31_000),
     "gap", 31_000.0, 0, "BTCUSDT gap 31000 ms"),
    (("quality", b"t/3", text({"symbol": "", "kind": "outage", "timestamp": NOW_MS, "length": 9})),
     "outage", 9.0, 0, "t/3 outage 9 ms"),
    (message("trends", windowEndTimestamp=NOW_MS, interval="1m", swing=0.0312),
     "swing", 3.12, 0, "BTCUSDT 1m swing 3.12%"),
    (message("indicators", interval="1m", start=0, end=NOW_MS, values={"x": 1, "vwap_7": 2e-5}),
     "vwap_7", 2e-5, 0, "BTCUSDT 1m vwap_7 2e-05"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "kind", "value", "after_ms", "words"), MEASURED, ids=[row[1] for row in MEASURED]
)
def test_each_kind_has_its_measure_and_a_threshold_that_it_reaches_counts(
    message: Message, kind: str, value: float, after_ms: int, words: str
) -> None:
    interval = None if kind in KINDS else "1m"
    at, over = (AlertRule("r", kind, abs(value) * by, interval=interval) for by in (1, 1 + 1e-9))
    assert times(over, [message]) == []
    (found,) = alerted(Alerts([at]), message)
    assert (found["value"], found["kind"]) == (value, kind)
    assert found["timestamp"] == NOW_MS + after_ms
    assert found["text"].startswith(f"r: {words} reached ")
    assert found["cause"] == json.loads(message[2])


def test_every_kind_is_tried() -> None:
    assert {row[1] for row in MEASURED} == {*KINDS, "vwap_7"}


def indicator(value: float | None, end: int = NOW_MS, interval: str = "1m") -> Message:
    values = {"rsi_14": value, "bollinger_upper_20_2.5": 3.0}
    return message("indicators", interval=interval, start=0, end=end, values=values)


@pytest.mark.parametrize(
    ("below", "value", "is_reached"),
    [
        *((False, 70, True), (False, 69.9, False), (False, -80, False), (False, None, False)),
        *((True, 70, True), (True, 70.1, False), (True, -80, True), (True, None, False)),
    ],
)
def test_an_indicator_is_above_or_below_by_its_value_and_not_by_its_size(
    below: bool, value: float | None, is_reached: bool
) -> None:
    rule = AlertRule("r", "rsi_14", 70, interval="1m", below=below)
    assert bool(times(rule, [indicator(value)])) == is_reached


def test_below_is_said_so() -> None:
    rule = AlertRule("low", "rsi_14", 20, interval="1m", below=True)
    (alert,) = alerted(Alerts([rule]), indicator(18.26))
    assert alert["text"] == "low: BTCUSDT 1m rsi_14 18.26 fell to 20"


def test_names_of_indicators_may_hold_a_point() -> None:
    rule = AlertRule("r", "bollinger_upper_20_2.5", 3, interval="1m")
    assert times(rule, [indicator(None)]) == [NOW_MS]


def test_a_rule_of_one_interval_is_about_no_other() -> None:
    rule = AlertRule("r", "rsi_14", 70, interval="1m", cooldown_ms=0)
    ends = {name: NOW_MS + place for place, name in enumerate(INTERVALS)}
    assert times(rule, [indicator(80, end, name) for name, end in ends.items()]) == [ends["1m"]]
    rule = AlertRule("r", "return", 3, interval="1m", cooldown_ms=0)
    of_all = [
        message("anomalies", kind="return", z=9, timestamp=NOW_MS, interval=name, value=1)
        for name in INTERVALS
    ]
    assert times(rule, of_all) == [NOW_MS + MINUTE]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 50), max_size=30),
    st.integers(0, 20),
    st.lists(st.integers(0, 30), max_size=5),
    st.booleans(),
)
def test_after_an_alert_a_rule_is_silent_for_its_cooldown_and_no_longer(
    ages: list[int], cooldown_ms: int, cuts: list[int], forgets: bool
) -> None:
    stamps = sorted(ages)
    found = Alerts([AlertRule("r", "price", 6, cooldown_ms=cooldown_ms * MINUTE)])
    made: list[int] = []
    ends = sorted(min(cut, len(stamps)) for cut in cuts)
    for begin, end in zip([0, *ends], [*ends, len(stamps)], strict=True):
        part = [price(stamp * MINUTE) for stamp in stamps[begin:end]]
        made += [each["timestamp"] // MINUTE for each in alerted(found, *part)]
        if forgets and end < len(stamps):
            found.expire(stamps[end] * MINUTE)
            again = Alerts([AlertRule("r", "price", 6, cooldown_ms=cooldown_ms * MINUTE)])
            again.load(found.alerted)
            found = again
    wanted: list[int] = []
    for stamp in stamps:
        if not wanted or stamp >= wanted[-1] + max(cooldown_ms, 1):
            wanted.append(stamp)
    assert made == wanted


def test_without_a_cooldown_there_is_one_alert_of_a_millisecond() -> None:
    rule = AlertRule("r", "price", 6, cooldown_ms=0)
    assert times(rule, [price(5), price(5, 8.0), price(6)]) == [5, 6]


def test_the_cooldown_is_of_each_symbol_and_rule() -> None:
    both = Alerts([AlertRule("a", "price", 6), AlertRule("b", "price", 6)])
    found = alerted(both, *(price(symbol=symbol) for symbol in "XYX"))
    assert [(each["rule"], each["symbol"]) for each in found] == [
        *(("a", "X"), ("b", "X"), ("a", "Y"), ("b", "Y"))
    ]


def test_of_candles_that_end_together_the_shortest_counts_in_whatever_order_they_come() -> None:
    both = [
        message("anomalies", kind="return", z=9, timestamp=NOW_MS - length, interval=name, value=1)
        for name, length in (("1m", MINUTE), ("10s", 10 * SECOND))
    ]
    for messages in (both, both[::-1]):
        (alert,) = alerted(Alerts([AlertRule("r", "return", 3)]), *messages)
        assert alert["interval"] == "10s"


def test_what_comes_late_is_judged_by_the_same_cooldown() -> None:
    found = Alerts([AlertRule("r", "price", 6, cooldown_ms=MINUTE)])
    assert len(alerted(found, price(10 * MINUTE))) == 1
    assert alerted(found, price(9 * MINUTE)) == []
    found.expire(10 * MINUTE + 1)
    assert alerted(found, price(11 * MINUTE - 1)) == []
    found.expire(11 * MINUTE)
    assert len(alerted(found, price(11 * MINUTE))) == 1


@pytest.mark.parametrize(
    ("patterns", "symbol", "is_about"),
    [
        (("*",), "", True),
        (("BTC*",), "BTCUSDT", True),
        (("BTC*",), "btcusdt", False),
        (("BTC*",), "XBTC", False),
        (("ETH*", "*USDT"), "BTCUSDT", True),
        (("BTC?SDT",), "BTCUSDT", True),
        (("[AB]*",), "BTC", True),
        (("[!AB]*",), "BTC", False),
        (("BTC",), "BTCUSDT", False),
        (("BTC/*",), "BTC/USDT", True),
        (("*\N{BITCOIN SIGN}",), "X\N{BITCOIN SIGN}", True),
        (("BTC*",), "", False),
    ],
)
def test_patterns_are_those_of_a_shell_with_case(
    patterns: tuple[str, ...], symbol: str, is_about: bool
) -> None:
    rule = AlertRule("r", "price", 6, patterns)
    assert bool(times(rule, [price(symbol=symbol)])) == is_about


def test_symbols_without_end_are_not_all_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "MOST_REMEMBERED", 3)
    found = Alerts([AlertRule("r", "price", 6, ("S*",))])
    messages = [price(symbol=f"S{number}") for number in range(10)]
    assert len(alerted(found, *messages)) == 10
    assert len(found._readers["anomalies"]._of_symbols) <= 3


def test_what_no_rule_is_about_is_never_decoded() -> None:
    rules = [AlertRule("r", "price", 6, ("BTC*",)), AlertRule("s", "rsi_14", 6, interval="1m")]
    broken = [
        ("candles", b"BTC", b"{"),
        ("quality", b"BTC", b'{"kind":"price"'),
        ("trends", b"BTC", b"{"),
        ("anomalies", b"ETH", b'{"kind":"price"'),
        ("anomalies", b"BTC", b'{"kind":"quantity"'),
        ("indicators", b"BTC", b'{"interval":"10s"'),
    ]
    assert alerted(Alerts(rules), *broken) == []
    with pytest.raises(ValueError, match="truncated"):
        alerted(Alerts(rules), ("anomalies", b"BTC", b'{"kind":"price"'))
    assert alerted(Alerts([]), ("anomalies", b"BTC", b'{"kind":"price"')) == []


marks = st.sampled_from(['"kind":"price"', '\\"kind":"price"', "kind", "\n", '"', "\\"])


@given(st.lists(marks | st.text(max_size=3), max_size=4).map("".join))
def test_no_symbol_passes_for_a_kind_or_breaks_the_line(symbol: str) -> None:
    rule = AlertRule("r", "price", 6, ("*",), 0)
    other = message("anomalies", symbol=symbol, timestamp=1, kind="quantity", interval=None, z=9)
    assert times(rule, [other]) == []
    cause = price(symbol=symbol, topic="t", partition=1)
    ((key, value),) = Alerts([rule]).of(published(cause), 1)
    alert = json.loads(value)
    assert (key.decode(), alert["symbol"], alert["cause"]["symbol"]) == (symbol, symbol, symbol)
    assert alert["id"] == f"r/{symbol}/{NOW_MS}"
    assert alert["text"].isprintable()
