import pytest

from jobs import delivery
from jobs.delivery import DeliveryError
from jobs.settings import Settings


def settings(**values: object) -> Settings:
    return Settings(delivery="exactly-once", **values)  # type: ignore[arg-type]


@pytest.fixture
def limit_ms(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(delivery, "broker_limit_ms", lambda servers: 900_000)
    return 900_000


def test_a_timeout_between_checkpoints_and_the_brokers_limit_is_good(limit_ms: int) -> None:
    delivery.check(settings(transaction_timeout_ms=limit_ms))
    delivery.check(settings(transaction_timeout_ms=20_000, checkpoint_interval_ms=10_000))


def test_a_timeout_over_the_brokers_limit_is_refused_by_both_names(limit_ms: int) -> None:
    with pytest.raises(DeliveryError, match=r"TAPELINE_TRANSACTION_TIMEOUT_MS.*max\.timeout\.ms"):
        delivery.check(settings(transaction_timeout_ms=limit_ms + 1))


def test_a_timeout_under_two_checkpoints_is_refused(limit_ms: int) -> None:
    with pytest.raises(DeliveryError, match="TAPELINE_CHECKPOINT_INTERVAL_MS"):
        delivery.check(settings(transaction_timeout_ms=19_999, checkpoint_interval_ms=10_000))


def test_at_least_once_asks_nothing_of_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(servers: str) -> int:
        raise AssertionError(servers)

    monkeypatch.setattr(delivery, "broker_limit_ms", never)
    delivery.check(Settings(transaction_timeout_ms=1_000))
