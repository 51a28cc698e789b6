"""The file with the rules of alerts: what it may say, and what is said of mistakes in it."""

from pathlib import Path

import pytest
import yaml

from jobs.alerts_file import AlertsFileError, read
from jobs.settings import Settings
from scripts.stack.paths import FLINK_CONF
from udfs.alert_rules import KINDS, AlertRule

DEFAULT = FLINK_CONF / "alerts.yaml"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TAPELINE_{name.upper()}", raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rules.yaml"


def settings(file: Path, **values: object) -> Settings:
    return Settings(alerts_file=str(file), **values)  # type: ignore[arg-type]


def read_text(file: Path, text: str, **values: object) -> tuple[AlertRule, ...]:
    file.write_text(text)
    return read(settings(file, **values))


def test_without_a_file_there_are_no_rules() -> None:
    assert read(Settings()) == ()


@pytest.mark.parametrize("text", ["", "# nothing", "{}", "rules: []", "webhooks: [{name: desk}]"])
def test_a_file_may_have_no_rules(file: Path, text: str) -> None:
    assert read_text(file, text) == ()


def test_a_rule_is_read_with_all_that_it_says_and_with_defaults(file: Path) -> None:
    text = """
        rules:
          - name: price shock
            kind: price
            symbols: [BTC*, "*USDT"]
            threshold: 6
            cooldown: 5m
          - {name: oversold, kind: rsi_14, interval: 1m, when: below, threshold: 20.5}
          - {name: any return, kind: return, threshold: 4}
          - {name: learned, kind: model, interval: 4h, threshold: 1}
        webhooks:
          - {name: desk, whatever: the service says of it}
    """
    assert read_text(file, text) == (
        AlertRule("price shock", "price", 6.0, ("BTC*", "*USDT"), 300_000),
        AlertRule("oversold", "rsi_14", 20.5, interval="1m", below=True),
        AlertRule("any return", "return", 4.0, ("*",), 60_000),
        AlertRule("learned", "model", 1.0, interval="4h"),
    )


@pytest.mark.parametrize(
    ("cooldown", "ms"),
    [
        *(("0s", 0), ("250ms", 250), ("60s", 60_000)),
        *(("2m", 120_000), ("1h", 3_600_000), ("7d", 604_800_000)),
    ],
)
def test_a_cooldown_has_a_unit(file: Path, cooldown: str, ms: int) -> None:
    text = f"rules: [{{name: a, kind: price, threshold: 1, cooldown: {cooldown}}}]"
    assert read_text(file, text)[0].cooldown_ms == ms


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("kind: price", "threshold: Field required"),
        ("threshold: 1", "kind: Field required"),
        ("kind: price, threshold: 1, cool: 1s", "cool: Extra inputs are not permitted"),
        ("kind: price, threshold: six", "threshold: expected a valid number; got 'six'"),
        ("kind: price, threshold: '6'", "threshold: expected a valid number; got '6'"),
        ("kind: price, threshold: yes", "threshold: expected a valid number; got True"),
        ("kind: price, threshold: .inf", "threshold: expected a finite number; got inf"),
        ("kind: price, threshold: .nan", "threshold: expected a finite number; got nan"),
        ("kind: price, threshold: 0", "threshold: expected a number above 0; got 0"),
        ("kind: gap, threshold: -1", "threshold: expected a number above 0; got -1"),
        ("kind: model, threshold: 1.5", "threshold: expected a score, which is at most 1; got 1.5"),
        ("kind: prise, threshold: 1", "kind: expected one of price, quantity, return, volume,"),
        ("kind: rsi_13, threshold: 1, interval: 1m", "or an indicator of the settings: sma_20,"),
        ("kind: rsi_14, threshold: 1", "interval: expected one, as rsi_14 is of candles"),
        (
            "kind: rsi_14, threshold: 1, interval: 2m",
            "interval: expected one of 1s, 1m (TAPELINE_INDICATOR_INTERVALS); got '2m'",
        ),
        (
            "kind: rsi_14, threshold: 1, interval: 1h",
            "interval: expected one of 1s, 1m (TAPELINE_INDICATOR_INTERVALS); got '1h'",
        ),
        (
            "kind: return, threshold: 1, interval: 1s",
            "interval: expected one of 10s (TAPELINE_ROBUST_INTERVALS); got '1s'",
        ),
        (
            "kind: model, threshold: 1, interval: 1w",
            "interval: expected one of 1s, 10s, 1m, 5m, 15m, 1h, 4h, 1d (",
        ),
        ("kind: price, threshold: 1, interval: 1m", "interval: expected none, as price is not"),
        ("kind: swing, threshold: 1, interval: 1m", "interval: expected none, as swing is not"),
        ("kind: price, threshold: 1, interval: 60", "interval: expected a valid string; got 60"),
        ("kind: price, threshold: 1, when: below", "when: expected none, as the size of price"),
        ("kind: rsi_14, threshold: 1, interval: 1m, when: over", "when: expected 'above' or"),
        ("kind: price, threshold: 1, symbols: BTC", "symbols: expected a valid list; got 'BTC'"),
        ("kind: price, threshold: 1, symbols: []", "symbols: List should have at least 1 item"),
        ("kind: price, threshold: 1, symbols: [NO]", "symbols.0: expected a valid string; got"),
        ("kind: price, threshold: 1, symbols: ['']", "symbols.0: String should have at least 1"),
        ("kind: price, threshold: 1, cooldown: 60", "cooldown: expected a valid string; got 60"),
        ("kind: price, threshold: 1, cooldown: 1.5s", "cooldown: expected a whole number and one"),
        ("kind: price, threshold: 1, cooldown: 5w", "of ms, s, m, h, d, such as 60s; got '5w'"),
        ("kind: price, threshold: 1, cooldown: -5s", "cooldown: expected a whole number"),
    ],
)
def test_a_mistake_is_said_with_the_file_the_rule_and_what_was_expected(
    file: Path, rule: str, said: str
) -> None:
    text = f"""rules:
      - {{name: fine, kind: price, threshold: 1}}
      - {{name: my rule, {rule}}}
    """
    intervals = {"indicator_intervals": ("1s", "1m"), "robust_intervals": ("10s",)}
    with pytest.raises(AlertsFileError) as refusal:
        read_text(file, text, **intervals)
    (line,) = str(refusal.value).splitlines()
    assert line.startswith(f"{file}: rule 'my rule': ")
    assert said in line


@pytest.mark.parametrize("name", ["''", "a/b", "a" * 65, '"a\\n"', "\N{GREEK SMALL LETTER ALPHA}"])
def test_a_name_has_letters_digits_and_little_else(file: Path, name: str) -> None:
    with pytest.raises(AlertsFileError, match="name: expected 1 to 64 letters, digits, spaces"):
        read_text(file, f"rules: [{{name: {name}, kind: price, threshold: 1}}]")


def test_no_two_rules_have_one_name(file: Path) -> None:
    rule = "{name: twin, kind: price, threshold: 1}"
    with pytest.raises(AlertsFileError, match="rule 'twin': expected a name of its own"):
        read_text(file, f"rules: [{rule}, {rule}]")


def test_all_mistakes_are_said_at_once(file: Path) -> None:
    text = """rules:
      - {kind: price, threshold: 1}
      - {name: two, kind: price, threshold: x, when: y}
      - three
    """
    with pytest.raises(AlertsFileError) as refusal:
        read_text(file, text)
    lines = [line.removeprefix(f"{file}: ") for line in str(refusal.value).splitlines()]
    assert [line.split(":")[0] for line in lines] == ["rule 0", *["rule 'two'"] * 2, "rule 2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a list", "expected a valid dictionary"),
        ("rules: {name: one}", "rules: expected a valid list"),
        ("rule: []", "rule: Extra inputs are not permitted"),
        ("rules: [", "expected YAML"),
        ("rules: [{name: a, symbols: [*USDT]}]", r"begins with \* needs quotes"),
        ("rules: []\nrules: []", r"expected 'rules' once\n.*line 2, column 1"),
        ("rules: [{name: a, name: b}]", "expected 'name' once"),
        ("rules: \x00", "expected YAML"),
    ],
)
def test_what_is_no_file_of_rules_is_refused(file: Path, text: str, said: str) -> None:
    with pytest.raises(AlertsFileError, match=said) as refusal:
        read_text(file, text)
    assert str(refusal.value).startswith(f"{file}: ")


def test_a_file_that_is_not_there_is_named_with_its_whole_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AlertsFileError, match=f"^{tmp_path}/none.yaml: No such file"):
        read(settings(Path("none.yaml")))
    with pytest.raises(AlertsFileError, match="Is a directory"):
        read(settings(tmp_path))


def test_the_default_file_fits_the_default_settings_and_sends_nothing_anywhere() -> None:
    rules = read(settings(DEFAULT))
    assert {rule.kind for rule in rules} == {"price", "fat_finger", "gap", "outage", "swing"}
    assert not yaml.safe_load(DEFAULT.read_text()).get("webhooks")


def test_the_default_file_fits_a_job_without_indicators() -> None:
    own = settings(DEFAULT).model_copy(update={"indicator_intervals": (), "rsi_period": 10})
    assert read(own) == read(settings(DEFAULT))


def test_the_rules_of_indicators_in_the_default_file_are_valid(file: Path) -> None:
    lines = [line.replace("  # ", "  ") for line in DEFAULT.read_text().splitlines()]
    rules = "\n".join(["rules:", *lines[lines.index("  - name: overbought") :]])
    assert [rule.kind for rule in read_text(file, rules)] == ["rsi_14", "rsi_14"]


def test_the_default_file_explains_every_kind_and_field() -> None:
    comments = " ".join(
        line for line in DEFAULT.read_text().splitlines() if line.startswith("#")
    ).replace(",", " ")
    fields = {"name", "kind", "threshold", "symbols", "cooldown", "interval", "when"}
    assert {*KINDS, *fields} <= set(comments.split())


def test_the_example_of_webhooks_in_the_default_file_is_yaml(file: Path) -> None:
    lines = DEFAULT.read_text().splitlines()
    example = [line.removeprefix("# ") for line in lines[lines.index("# webhooks:") :]]
    (target,) = yaml.safe_load("\n".join(example))["webhooks"]
    names = {rule.name for rule in read(settings(DEFAULT))}
    assert set(target["rules"]) <= names
    text = "\n".join([*lines[: lines.index("# webhooks:")], *example])
    assert len(read_text(file, text)) == len(names)
