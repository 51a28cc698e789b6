"""Rules of alerts: what they can be about, where that is found, and what is measured of it.

Apart from what applies them to messages: who reads rules need not load compiled kernels.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

Measured = Callable[[Any], float | None]
"""Of a message as ``udfs.alerts`` decodes it; None where there is no value yet."""


@dataclass(frozen=True)
class AlertRule:
    """From when on there is an alert."""

    name: str
    kind: str
    """One of KINDS, or the name of an indicator."""
    threshold: float
    """Of the kind's measure; reached counts."""
    symbols: tuple[str, ...] = ("*",)
    """Shell patterns; a symbol must match one of them."""
    cooldown_ms: int = 60_000
    """Event time in which no further alert of the rule and a symbol follows."""
    interval: str | None = None
    """Of candles: those of this one only; indicators always have one."""
    below: bool = False
    """Whether the threshold is reached from above; of indicators only."""


@dataclass(frozen=True)
class Kind:
    """What rules of one kind are about."""

    output: Literal["anomalies", "quality", "trends", "indicators"]
    """Where it is found."""
    measured: Measured
    """Its size counts; of an indicator the value itself."""
    words: str
    """What a person calls it."""
    unit: str = ""


def _percent(share: str) -> Measured:
    """A share in percent, without what multiplying adds: 0.29 is 29, not 28.999999999999996."""
    of = attrgetter(share)
    return lambda message: round(100 * of(message), 9)


KINDS = {
    "price": Kind("anomalies", attrgetter("z"), "price z"),
    "quantity": Kind("anomalies", attrgetter("z"), "quantity z"),
    "return": Kind("anomalies", attrgetter("z"), "return z"),
    "volume": Kind("anomalies", attrgetter("z"), "volume z"),
    "model": Kind("anomalies", attrgetter("value"), "model score"),
    "fat_finger": Kind("quality", _percent("away"), "fat finger", "%"),
    "gap": Kind("quality", attrgetter("length"), "gap", " ms"),
    "outage": Kind("quality", attrgetter("length"), "outage", " ms"),
    "swing": Kind("trends", _percent("swing"), "swing", "%"),
}
"""All but indicators, which are kinds by their names."""
OF_CANDLES = ("return", "volume", "model")
"""Kinds that may be of one interval only."""
