"""Alerts: what rules make of a shard's messages, each rule and symbol once in its cooldown.

Most messages are of no rule's symbol or kind, and are told by their key and their bytes. Of the
others only the fields that are measured are decoded.
"""

from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from math import inf
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np

from udfs.alert_rules import KINDS, AlertRule, Kind
from udfs.intervals import INTERVALS, MINUTE_MS
from udfs.messages import Messages
from udfs.shards import cell_of

Alerted = dict[str, dict[str, int]]
"""When each rule, by its name, last alerted of each symbol: event time, ms."""
MOST_REMEMBERED = 1 << 16
"""Of so many symbols a shard remembers which rules are about them."""


class Alert(msgspec.Struct, frozen=True, gc=False):
    """An alert as its topic has it."""

    id: str
    """rule/symbol/timestamp: the same where it is repeated after a recovery."""
    symbol: str
    """Of an outage its topic and partition."""
    timestamp: int
    """Of the message it is made of, or the end of its window, ms since epoch."""
    rule: str
    kind: str
    interval: str | None
    """Of the candle, where it is about one."""
    value: float
    """What was measured."""
    threshold: float
    text: str
    """One line for people."""
    cause: msgspec.Raw
    """The whole message that it is made of."""
    updated_at: int


class _Anomaly(msgspec.Struct, gc=False):
    """What is measured of a message to ``anomalies``."""

    timestamp: int
    interval: str | None = None
    value: float | None = None
    z: float | None = None

    @property
    def event_time(self) -> int:
        return self.timestamp + (INTERVALS[self.interval] if self.interval else 0)


class _Event(msgspec.Struct, gc=False):
    """What is measured of a message to ``quality``."""

    timestamp: int
    length: float = 0.0
    away: float = 0.0

    @property
    def interval(self) -> None:
        return None

    @property
    def event_time(self) -> int:
        return self.timestamp


class _Trend(msgspec.Struct, gc=False):
    """What is measured of a message to ``trends``."""

    windowEndTimestamp: int
    interval: str
    swing: float

    @property
    def event_time(self) -> int:
        return self.windowEndTimestamp


class _Indicators(msgspec.Struct):
    """What is measured of a message to ``indicators``."""

    end: int
    interval: str
    values: Any

    @property
    def event_time(self) -> int:
        return self.end


def _indicators(names: list[str]) -> type[msgspec.Struct]:
    """As _Indicators, with none but these; the value of the first of them is ``value_0``."""
    fields = [f"value_{number}" for number in range(len(names))]
    values = msgspec.defstruct(
        "_Values",
        [(field, float | None, None) for field in fields],
        rename=dict(zip(fields, names, strict=True)),
    )
    return msgspec.defstruct("_OfRules", [("values", values)], bases=(_Indicators,))


class _Judge:
    """A rule, ready to judge messages of its kind."""

    def __init__(self, rule: AlertRule, kind: Kind) -> None:
        self.rule = rule
        self.kind = kind
        self.mark = _mark(rule)
        self.measured = kind.measured
        # Between these the threshold is not reached.
        self.low, self.high = -rule.threshold, rule.threshold
        if rule.below:
            self.low, self.high = rule.threshold, inf
        elif kind.output == "indicators":
            self.low = -inf
        # An alert is known by its time: without a cooldown there is still but one of each ms.
        self.cooldown_ms = max(rule.cooldown_ms, 1)

    def text(self, symbol: str, message: Any, value: float) -> str:
        """One line for people."""
        rule, kind = self.rule, self.kind
        about = _printable(symbol)
        of = f"{about} {message.interval}" if message.interval else about
        how = "fell to" if rule.below else "reached"
        reached, threshold = _number(value) + kind.unit, f"{rule.threshold:.15g}" + kind.unit
        return f"{rule.name}: {of} {kind.words} {reached} {how} {threshold}"


_Marked = list[tuple[bytes, list[_Judge]]]
"""What is in the bytes of those messages that rules are about, and these."""


class _Reader:
    """The rules about one output."""

    def __init__(self, judges: list[_Judge], message: type[msgspec.Struct]) -> None:
        self._judges = judges
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(message).decode
        self._of_symbols: dict[bytes, _Marked] = {}

    def match(self, key: bytes) -> _Marked:
        """The rules about the symbol that is this key; they are remembered."""
        if key in self._of_symbols:
            return self._of_symbols[key]
        if len(self._of_symbols) >= MOST_REMEMBERED:
            self._of_symbols.clear()
        symbol = key.decode()
        marked: dict[bytes, list[_Judge]] = {}
        for judge in self._judges:
            if any(fnmatchcase(symbol, pattern) for pattern in judge.rule.symbols):
                marked.setdefault(judge.mark, []).append(judge)
        found = self._of_symbols[key] = list(marked.items())
        return found


_MESSAGES: dict[str, type[msgspec.Struct]] = {
    "anomalies": _Anomaly,
    "quality": _Event,
    "trends": _Trend,
}
_Hit = tuple[int, int, str, float, _Judge, Any, bytes]
"""Event time, place of the interval, symbol and value of what reached a rule; the message."""
_PLACES: dict[str | None, int] = {name: place for place, name in enumerate([None, *INTERVALS])}
_json = msgspec.json.Encoder()


class Alerts:
    """The alerts of one shard: its rules, and when each last alerted of each symbol."""

    def __init__(self, rules: Iterable[AlertRule]) -> None:
        rules = list(rules)
        self.alerted: Alerted = {rule.name: {} for rule in rules}
        """All that a cooldown may still depend on."""
        self._changed: Alerted = {}
        self._expired = 0
        names = list(dict.fromkeys(rule.kind for rule in rules if rule.kind not in KINDS))
        kinds = KINDS | {
            name: Kind("indicators", attrgetter(f"values.value_{number}"), name)
            for number, name in enumerate(names)
        }
        judges = [_Judge(rule, kinds[rule.kind]) for rule in rules]
        self._cooldowns = {judge.rule.name: judge.cooldown_ms for judge in judges}
        messages = {**_MESSAGES, "indicators": _indicators(names)}
        self._readers: dict[str, _Reader] = {}
        for output in {judge.kind.output for judge in judges}:
            own = [judge for judge in judges if judge.kind.output == output]
            self._readers[output] = _Reader(own, messages[output])

    def of(self, published: Iterable[tuple[str, Messages]], now_ms: int | None) -> Messages:
        """The alerts that follow from what a shard publishes.

        Args:
            published: All that it publishes at one time, by output. The order of those of one time
                is that of their event time, and of the intervals.
            now_ms: When they are updated; at their own time if None.
        """
        made: list[tuple[bytes, bytes]] = []
        # The first in time counts, however candles that end together were closed.
        for hit in sorted(self._hits(published), key=lambda hit: hit[:2]):
            time, _, symbol, *_, judge, _, _ = hit
            own, cooldown_ms = self.alerted[judge.rule.name], judge.cooldown_ms
            if symbol in own and time < own[symbol] + cooldown_ms:
                continue
            own[symbol] = time
            self._changed.setdefault(judge.rule.name, {})[symbol] = time
            made.append((symbol.encode(), _json.encode(_alert(hit, now_ms))))
        return Messages.of(made)

    def changes(self) -> Alerted:
        """What has changed since this was last asked."""
        changed, self._changed = self._changed, {}
        return changed

    def load(self, alerted: Alerted) -> None:
        """Goes on from what had changed; what is of no rule any more is forgotten."""
        for name, own in alerted.items():
            if name in self.alerted:
                self.alerted[name].update(own)

    def expire(self, until_ms: int) -> None:
        """Forgets, by the minute, what holds back nothing that is of this time or later."""
        if until_ms // MINUTE_MS == self._expired or not self._readers:
            return
        self._expired = until_ms // MINUTE_MS
        for name, own in self.alerted.items():
            since = until_ms - self._cooldowns[name]
            self.alerted[name] = {symbol: time for symbol, time in own.items() if time > since}

    def _hits(self, published: Iterable[tuple[str, Messages]]) -> Iterator[_Hit]:
        """What reaches a rule, and is not held back by what alerted before."""
        for output, messages in published:
            if output in self._readers:
                yield from self._hits_of(self._readers[output], messages)

    def _hits_of(self, reader: _Reader, messages: Messages) -> Iterator[_Hit]:
        keys = list(messages.keys)
        of_keys = [reader.match(key) for key in keys]
        some = np.flatnonzero(np.array([bool(marked) for marked in of_keys])[messages.places])
        of_some = messages.places[some].tolist()
        for place, value in zip(of_some, messages.values.some(some), strict=True):
            for mark, judges in of_keys[place]:
                if mark not in value:
                    continue
                message = reader.decode(value)
                for judge in judges:
                    measured = judge.measured(message)
                    if measured is None or judge.low < measured < judge.high:
                        continue
                    if judge.rule.interval not in (None, message.interval):
                        continue
                    time, symbol = message.event_time, keys[place].decode()
                    last = self.alerted[judge.rule.name].get(symbol)
                    if last is None or time >= last + judge.cooldown_ms:
                        interval = _PLACES[message.interval]
                        yield time, interval, symbol, measured, judge, message, value
                break


def _alert(hit: _Hit, now_ms: int | None) -> Alert:
    time, _, symbol, value, judge, message, cause = hit
    rule = judge.rule
    return Alert(
        f"{rule.name}/{symbol}/{time}",
        symbol,
        time,
        rule.name,
        rule.kind,
        message.interval,
        value,
        rule.threshold,
        judge.text(symbol, message, value),
        msgspec.Raw(cause),
        time if now_ms is None else now_ms,
    )


def _mark(rule: AlertRule) -> bytes:
    """What stands in the bytes of the messages that a rule is about, and in no others.

    They are JSON without white space, and no text in JSON has these quotes as they are.
    """
    if rule.kind not in KINDS:
        return f'"interval":"{rule.interval}"'.encode()
    if KINDS[rule.kind].output == "trends":
        return b""
    return f'"kind":"{rule.kind}"'.encode()


def _number(value: float) -> str:
    """To two places, or three digits where it is small."""
    text = f"{value:.2f}" if abs(value) >= 1 or value == 0 else f"{value:.3g}"
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def _printable(symbol: str) -> str:
    """As it is, or escaped where it would break the line or hide in it."""
    return symbol if symbol.isprintable() else repr(symbol)[1:-1]


def of_shard(alerted: Alerted, shard: int, shards: int) -> Alerted:
    """What one of so many shards gets of that of another."""
    return {
        name: {symbol: time for symbol, time in own.items() if cell_of(symbol) % shards == shard}
        for name, own in alerted.items()
    }


def merged(parts: Iterable[Alerted]) -> Alerted:
    """That of several, the newest of each."""
    whole: Alerted = {}
    for part in parts:
        for name, own in part.items():
            before = whole.setdefault(name, {})
            for symbol, time in own.items():
                before[symbol] = max(time, before.get(symbol, time))
    return whole
