import pytest
from pydantic import ValidationError

from jobs.settings import Settings
from udfs.periods import SlidingWindow


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TAPELINE_{name.upper()}", raising=False)


def test_everything_has_a_default() -> None:
    settings = Settings()
    assert settings.trades_topics == ("trades",)
    assert (settings.start_from, settings.stop_at) == ("group", "never")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("BOOTSTRAP_SERVERS", "a:1,b:2", "a:1,b:2"),
        ("GROUP_ID", "other", "other"),
        ("TRADES_TOPICS", "one", ("one",)),
        ("TRADES_TOPICS", "one,two,three", ("one", "two", "three")),
        ("CANDLES_TOPIC", "c", "c"),
        ("LATE_TRADES_TOPIC", "l", "l"),
        ("DEAD_LETTERS_TOPIC", "d", "d"),
        ("START_FROM", "latest", "latest"),
        ("START_FROM", "1767268800000", "1767268800000"),
        ("STOP_AT", "latest", "latest"),
        ("STOP_AT", "0", "0"),
        ("UPDATED_AT", "end", "end"),
        ("WATERMARK_DELAY_MS", "0", 0),
        ("IDLE_TIMEOUT_MS", "0", 0),
        ("MAX_AHEAD_MS", "1", 1),
        ("SHARDS", "4096", 4096),
        ("LEDGER_TOPIC", "l", "l"),
        ("CORRECTION_MS", "0", 0),
        ("DUPLICATE_TTL_MS", "0", 0),
        ("FORMING_INTERVALS", "1m,1d", ("1m", "1d")),
        ("FORMING_INTERVALS", "", ()),
        ("FORMING_MS", "1", 1),
        ("REVISION_MS", "1", 1),
        ("LEDGER_MS", "1", 1),
        ("EVENT_TIME_FROM", "payload", "payload"),
        ("MAX_DRIFT_MS", "0", 0),
        ("DELIVERY", "exactly-once", "exactly-once"),
        ("TRANSACTION_TIMEOUT_MS", "1000", 1_000),
        ("CHECKPOINT_INTERVAL_MS", "100", 100),
        ("BUNDLE_MS", "1", 1),
        ("BATCH_BYTES", "1", 1),
        ("ANALYTICS", "false", False),
        ("INDICATOR_INTERVALS", "", ()),
        ("ROBUST_INTERVALS", "1h", ("1h",)),
        ("MODEL_INTERVALS", "", ()),
        ("MODEL_INTERVALS", "1s,1m", ("1s", "1m")),
        ("MODEL_THRESHOLD", "0.5", 0.5),
        ("SMA_PERIODS", "", ()),
        ("EMA_PERIODS", "5,200", (5, 200)),
        ("MACD_PERIODS", "5,35,5", (5, 35, 5)),
        ("SLIDING_WINDOWS", "", ()),
        ("SLIDING_WINDOWS", "90s/10s,1d/1h", ("90s/10s", "1d/1h")),
        ("Z_THRESHOLDS", "A=B=4,C=0.5", ("A=B=4", "C=0.5")),
        ("GAPS_MS", "", ()),
        ("GAPS_MS", "1,2", (1, 2)),
        ("ALERTS_TOPIC", "a", "a"),
        ("ALERTS_FILE", "/etc/rules.yaml", "/etc/rules.yaml"),
        ("ALERTS_FILE", "", ""),
    ],
)
def test_every_setting_is_read_from_its_name_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: object
) -> None:
    monkeypatch.setenv(f"TAPELINE_{name}", value)
    assert getattr(Settings(), name.lower()) == expected


def test_no_setting_is_read_without_the_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARDS", "7")
    assert Settings().shards == 16


def test_what_is_not_the_jobs_own_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAPELINE_API_PORT", "8000")
    Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRADES_TOPICS", ""),
        ("TRADES_TOPICS", ","),
        ("TRADES_TOPICS", "good,not good"),
        ("CANDLES_TOPIC", ""),
        ("CANDLES_TOPIC", "it's"),
        ("LATE_TRADES_TOPIC", "l" * 250),
        ("DEAD_LETTERS_TOPIC", "a;b"),
        ("START_FROM", "yesterday"),
        ("START_FROM", "-1"),
        ("START_FROM", "1" * 16),
        ("STOP_AT", "earliest"),
        ("STOP_AT", "2026-01-01"),
        ("STOP_AT", "\N{ARABIC-INDIC DIGIT ONE}"),
        ("UPDATED_AT", "start"),
        ("WATERMARK_DELAY_MS", "-1"),
        ("WATERMARK_DELAY_MS", "2s"),
        ("IDLE_TIMEOUT_MS", "-1"),
        ("MAX_AHEAD_MS", "-1"),
        ("SHARDS", "0"),
        ("SHARDS", "4097"),
        ("LEDGER_TOPIC", "a b"),
        ("CORRECTION_MS", "-1"),
        ("DUPLICATE_TTL_MS", "15m"),
        ("FORMING_INTERVALS", "1s,2s"),
        ("FORMING_MS", "0"),
        ("REVISION_MS", "0"),
        ("LEDGER_MS", "0"),
        ("EVENT_TIME_FROM", "arrival"),
        ("MAX_DRIFT_MS", "-1"),
        ("DELIVERY", "at-most-once"),
        ("TRANSACTION_TIMEOUT_MS", "999"),
        ("CHECKPOINT_INTERVAL_MS", "99"),
        ("BUNDLE_MS", "0"),
        ("BATCH_BYTES", "0"),
        ("ANALYTICS", "maybe"),
        ("INDICATOR_INTERVALS", "2m"),
        ("ROBUST_INTERVALS", "1w"),
        ("ROBUST_WINDOW", "1"),
        ("MODEL_INTERVALS", "2m"),
        ("MODEL_THRESHOLD", "1"),
        ("MODEL_TREES", "0"),
        ("MODEL_HEIGHT", "11"),
        ("MODEL_WINDOW", "10001"),
        ("SMA_PERIODS", "1"),
        ("EMA_PERIODS", "12,x"),
        ("RSI_PERIOD", "1001"),
        ("MACD_PERIODS", "12,26"),
        ("MACD_PERIODS", "26,12,9"),
        ("BOLLINGER_WIDTH", "0"),
        ("SLIDING_WINDOWS", "5m"),
        ("SLIDING_WINDOWS", "5m/2m"),
        ("SLIDING_WINDOWS", "1m/1m"),
        ("SLIDING_WINDOWS", "90s/1m"),
        ("SLIDING_WINDOWS", "2d/1s"),
        ("SWING_PERCENT", "0"),
        ("Z_WINDOW", "1"),
        ("Z_THRESHOLD", "0"),
        ("Z_THRESHOLDS", "A"),
        ("Z_THRESHOLDS", "=3"),
        ("Z_THRESHOLDS", "A=-1"),
        ("Z_THRESHOLDS", "A=inf"),
        ("FAT_FINGER_PERCENT", "0"),
        ("GAPS_MS", "5000,500"),
        ("GAPS_MS", "0"),
        ("GAPS_MS", "1,2,3,4,5,6,7,8,9"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_field(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"TAPELINE_{name}", value)
    with pytest.raises(ValidationError) as refusal:
        Settings()
    assert {error["loc"][0] for error in refusal.value.errors()} == {name.lower()}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRADES_TOPICS", "one,one"),
        ("TRADES_TOPICS", "one,candles"),
        ("CANDLES_TOPIC", "trades"),
        ("LATE_TRADES_TOPIC", "candles"),
        ("DEAD_LETTERS_TOPIC", "late_trades"),
        ("LEDGER_TOPIC", "dead_letters"),
    ],
)
def test_no_two_topics_may_have_the_same_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"TAPELINE_{name}", value)
    with pytest.raises(ValidationError, match="every topic needs a name of its own"):
        Settings()


@pytest.mark.parametrize(
    ("start_from", "stop_at", "span"),
    [
        ("group", "never", (None, None)),
        ("5", "never", (5, None)),
        ("earliest", "7", (None, 7)),
        ("5", "7", (5, 7)),
    ],
)
def test_a_span_is_of_the_ends_that_are_times(
    start_from: str, stop_at: str, span: tuple[int | None, int | None]
) -> None:
    assert Settings(start_from=start_from, stop_at=stop_at).span_ms == span


@pytest.mark.parametrize("stop_at", ["6", "7"])
def test_a_span_must_hold_something(stop_at: str) -> None:
    with pytest.raises(ValidationError, match="stop_at must be after start_from, got 7"):
        Settings(start_from="7", stop_at=stop_at)


def test_settings_do_not_change_once_read() -> None:
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.shards = 2  # type: ignore[misc]


@pytest.mark.parametrize("kind", ["z", "robust"])
def test_windows_shorter_than_a_score_needs_are_refused(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv(f"TAPELINE_{kind.upper()}_WINDOW", "10")
    with pytest.raises(ValidationError, match=f"{kind}_least must be at most {kind}_window"):
        Settings()


def test_windows_that_slide_are_lengths_of_candles() -> None:
    settings = Settings(sliding_windows=("90s/10s", "60m/1m"))
    assert settings.windows == (
        SlidingWindow("90s", 90_000, "10s"),
        SlidingWindow("60m", 3_600_000, "1m"),
    )


def test_thresholds_are_by_symbol() -> None:
    settings = Settings(z_thresholds=("A=B=4", "C=0.5"))
    assert settings.scores.thresholds == (("A=B", 4.0), ("C", 0.5))


def test_a_job_reads_the_settings_that_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(analytics=False, sma_periods=(3, 4), z_thresholds=("A=4",), gaps_ms=())
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings
