"""The rules of alerts, read from the file that people write them in.

The same YAML file names the targets of webhooks, which are the service's to judge.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from jobs.settings import Settings
from udfs.alert_rules import KINDS, OF_CANDLES, AlertRule
from udfs.intervals import INTERVALS

_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class AlertsFileError(Exception):
    """The file is no file of rules; the text names it, the rules, and what was expected."""


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _Rule(_Strict):
    """A rule as it stands in the file."""

    name: str
    kind: str
    symbols: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)] = ["*"]
    threshold: Annotated[float, Field(allow_inf_nan=False)]
    cooldown: str = "60s"
    interval: str | None = None
    when: Literal["above", "below"] | None = None

    @field_validator("name")
    @classmethod
    def _is_name(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9 _.-]{1,64}", name):
            raise ValueError("expected 1 to 64 letters, digits, spaces and any of _ . -")
        return name

    @field_validator("cooldown")
    @classmethod
    def _is_time(cls, cooldown: str) -> str:
        if not re.fullmatch(r"[0-9]{1,9}(ms|s|m|h|d)", cooldown):
            raise ValueError("expected a whole number and one of ms, s, m, h, d, such as 60s")
        return cooldown

    @property
    def cooldown_ms(self) -> int:
        number, unit = re.findall(r"\d+|[a-z]+", self.cooldown)
        return int(number) * _UNITS_MS[unit]


class _File(_Strict):
    rules: list[_Rule] = []
    webhooks: Any = None


def read(settings: Settings) -> tuple[AlertRule, ...]:
    """The rules of the file that the settings name; none if they name none.

    Raises:
        AlertsFileError: it cannot be read, or says what no rule can.
    """
    if not settings.alerts_file:
        return ()
    try:
        content = yaml.load(Path(settings.alerts_file).read_bytes(), _Loader)
    except OSError as error:
        # Flink's client runs a job in a folder of its own.
        file = Path(settings.alerts_file).absolute()
        raise AlertsFileError(f"{file}: {error.strerror}") from error
    except yaml.YAMLError as error:
        hint = "; a text that begins with * needs quotes" if "alias" in str(error) else ""
        raise AlertsFileError(f"{settings.alerts_file}: expected YAML: {error}{hint}") from error
    try:
        rules = _File.model_validate({} if content is None else content).rules
        wrong = [f"rule {rule.name!r}: {each}" for rule in rules for each in _wrong(rule, settings)]
        names = [rule.name for rule in rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        wrong += [f"rule {name!r}: expected a name of its own, two rules have it" for name in twice]
    except ValidationError as error:
        wrong = [_told(each["loc"], each["msg"], each["input"], content) for each in error.errors()]
    if wrong:
        raise AlertsFileError("\n".join(f"{settings.alerts_file}: {each}" for each in wrong))
    return tuple(
        AlertRule(
            name=rule.name,
            kind=rule.kind,
            threshold=rule.threshold,
            symbols=tuple(rule.symbols),
            cooldown_ms=rule.cooldown_ms,
            interval=rule.interval,
            below=rule.when == "below",
        )
        for rule in rules
    )


def _wrong(rule: _Rule, settings: Settings) -> list[str]:
    """What of a rule does not go with its kind, or with the settings."""
    wrong: list[str] = []
    indicators = settings.periods.names
    if rule.kind not in (*KINDS, *indicators):
        known = f"{', '.join(KINDS)}, or an indicator of the settings: {', '.join(indicators)}"
        return [f"kind: expected one of {known}; got {rule.kind!r}"]
    intervals, where = _intervals(rule.kind, settings)
    if rule.kind not in KINDS and rule.interval is None:
        wrong.append(f"interval: expected one, as {rule.kind} is of candles")
    elif rule.interval is not None and not where:
        wrong.append(f"interval: expected none, as {rule.kind} is not of one; got {rule.interval}")
    elif rule.interval is not None and rule.interval not in intervals:
        expected = f"one of {', '.join(intervals)}" if intervals else "no such rule"
        wrong.append(f"interval: expected {expected} ({where}); got {rule.interval!r}")
    if rule.kind in KINDS:
        if rule.when is not None:
            wrong.append(f"when: expected none, as the size of {rule.kind} counts")
        if rule.threshold <= 0:
            wrong.append(f"threshold: expected a number above 0; got {rule.threshold:g}")
    if rule.kind == "model" and rule.threshold > 1:
        wrong.append(f"threshold: expected a score, which is at most 1; got {rule.threshold:g}")
    return wrong


def _intervals(kind: str, settings: Settings) -> tuple[tuple[str, ...], str]:
    """Of which intervals a kind is found, and what says so; nothing if it is of none."""
    if kind not in KINDS:
        return settings.indicator_intervals, "TAPELINE_INDICATOR_INTERVALS"
    if kind == "model":
        return tuple(INTERVALS), "the intervals of candles"
    if kind in OF_CANDLES:
        return settings.robust_intervals, "TAPELINE_ROBUST_INTERVALS"
    return (), ""


def _told(loc: tuple[int | str, ...], message: str, given: object, content: Any) -> str:
    """An error of pydantic's, with the rule that it is about."""
    message = message.removeprefix("Value error, ").replace("Input should be", "expected")
    place = ""
    if len(loc) > 1 and loc[0] == "rules":
        rule = content["rules"][loc[1]]
        name = rule.get("name") if isinstance(rule, dict) else None
        place, loc = f"rule {name if name is not None else loc[1]!r}: ", loc[2:]
    field = ".".join(map(str, loc))
    got = "" if message.startswith("Field required") else f"; got {given!r:.100}"
    return f"{place}{field + ': ' if field else ''}{message}{got}"


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice: of two lists of rules the first would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys: list[object] = []
        for key, _ in node.value:
            if key.value in keys:
                raise yaml.constructor.ConstructorError(
                    problem=f"expected {key.value!r} once", problem_mark=key.start_mark
                )
            keys.append(key.value)
        return super().construct_mapping(node, deep)
