import pytest

from jobs.settings import Settings
from jobs.upgrades import UpgradeError, check


def settings(**values: object) -> Settings:
    return Settings(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"trades_topics": ("trades", "more")},
        {"watermark_delay_ms": 1},
        {"delivery": "exactly-once"},
        {"candles_topic": "other"},
        {"duplicate_ttl_ms": 0},
    ],
)
def test_what_the_state_does_not_depend_on_may_change(changed: dict[str, object]) -> None:
    check(settings(), settings(**changed))


def test_the_number_of_shards_may_not() -> None:
    with pytest.raises(UpgradeError, match=r"TAPELINE_SHARDS is 17, .* with 16"):
        check(settings(), settings(shards=17))


@pytest.mark.parametrize("topics", [("b",), ("b", "a"), ("a",)])
def test_topics_keep_their_places(topics: tuple[str, ...]) -> None:
    with pytest.raises(UpgradeError, match="must begin with a,b"):
        check(settings(trades_topics=("a", "b")), settings(trades_topics=topics))
