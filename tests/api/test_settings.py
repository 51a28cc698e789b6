import pytest
from pydantic import ValidationError

from api.settings import Settings
from jobs.settings import Settings as JobSettings


def test_every_setting_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAPELINE_API_PORT", "8123")
    monkeypatch.setenv("TAPELINE_CANDLES_TOPIC", "bars")
    settings = Settings()
    assert (settings.api_port, settings.candles_topic) == (8123, "bars")


def test_a_setting_that_the_job_has_too_has_the_same_default() -> None:
    service, job = Settings(), JobSettings()
    shared = set(Settings.model_fields) & set(JobSettings.model_fields)
    assert {"bootstrap_servers", "candles_topic", "dead_letters_topic", "ledger_topic"} <= shared
    for name in shared:
        assert getattr(service, name) == getattr(job, name)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("TAPELINE_API_PORT", "x", "api_port"),
        ("TAPELINE_STALE_AFTER_MS", "-1", "stale_after_ms"),
        ("TAPELINE_CANDLES_TOPIC", "dead_letters", "name of its own"),
        ("TAPELINE_LEDGER_TOPIC", "candles", "name of its own"),
        ("TAPELINE_LEDGER_TOPIC", "dead_letters", "name of its own"),
        ("TAPELINE_CANDLES_TOPIC", "a b", "candles_topic"),
        ("TAPELINE_MAX_SYMBOLS", "300000", "max_total_candles must hold one of each"),
        ("TAPELINE_MAX_TOTAL_FLOWS", "7", "max_total_flows must hold one of each"),
        ("TAPELINE_BOOK_TOPIC", "order_flow", "name of its own"),
        ("TAPELINE_ALERTS_TOPIC", "anomalies", "name of its own"),
        ("TAPELINE_UNDELIVERED_ALERTS_TOPIC", "alerts", "name of its own"),
        ("TAPELINE_WEBHOOK_ATTEMPTS", "0", "webhook_attempts"),
        ("TAPELINE_TRADES_TOPICS", "", "trades_topics"),
        ("TAPELINE_EVENTS_TOPIC", "trades", "name of its own"),
        ("TAPELINE_GITHUB_SECRET", "hidden", "at least 16 characters"),
        ("TAPELINE_LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=message):
        Settings()


SECRET = "hidden-hidden-hidden"


def test_the_secret_of_hooks_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAPELINE_GITHUB_SECRET", SECRET)
    settings = Settings()
    assert settings.github_secret.get_secret_value() == SECRET
    for text in (repr(settings), str(settings), settings.model_dump_json()):
        assert "hidden" not in text


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAPELINE_GATEWAY_SYMBOLS", "BTC*, ETH/US?,")
    monkeypatch.setenv("TAPELINE_GATEWAY_KINDS", "")
    settings = Settings()
    assert settings.gateway_symbols == ("BTC*", "ETH/US?")
    assert settings.gateway_kinds == ()


def test_secrets_are_read_by_name_and_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAPELINE_WEBHOOK_SECRETS", f"desk={SECRET}=,home={SECRET}2")
    settings = Settings()
    found = {name: secret.get_secret_value() for name, secret in settings.secrets.items()}
    assert found == {"desk": f"{SECRET}=", "home": f"{SECRET}2"}
    for text in (repr(settings), str(settings), str(settings.secrets), settings.model_dump_json()):
        assert "hidden" not in text


@pytest.mark.parametrize(
    ("secrets", "message"),
    [
        (SECRET, "expected name=secret,..., number 1 is not so"),
        (f"desk={SECRET},{SECRET}", "number 2 is not so"),
        (f"{SECRET}/=", "number 1 is not so"),
        (f"desk={SECRET},desk={SECRET}", "got two of 'desk'"),
        ("desk=hidden", "at least 16 characters, that of 'desk' has 6"),
    ],
)
def test_a_wrong_secret_is_refused_without_being_told(
    monkeypatch: pytest.MonkeyPatch, secrets: str, message: str
) -> None:
    monkeypatch.setenv("TAPELINE_WEBHOOK_SECRETS", secrets)
    with pytest.raises(ValidationError, match=message) as caught:
        Settings()
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"), [("TAPELINE_LEDGER_TOPIC", "candles"), ("TAPELINE_API_PORT", "x")]
)
def test_what_is_wrong_elsewhere_does_not_tell_secrets_either(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("TAPELINE_WEBHOOK_SECRETS", f"desk={SECRET}")
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert "hidden" not in str(caught.value)
