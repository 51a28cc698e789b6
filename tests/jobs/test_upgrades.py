import pytest

from jobs.settings import Settings
from jobs.upgrades import UpgradeError, going_on


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
    assert going_on(settings(), settings(**changed)) == settings(**changed)


def test_of_other_shards_it_is_said_what_they_were_until_they_change_again() -> None:
    changed = going_on(settings(), settings(shards=17))
    assert changed == settings(shards=17, shards_before=16)
    assert going_on(changed, settings(shards=17)) == changed
    assert going_on(changed, changed) == changed
    assert going_on(changed, settings(shards=9)) == settings(shards=9, shards_before=17)
    assert going_on(changed, settings(shards=16)) == settings(shards=16, shards_before=17)


def test_shards_that_were_not_are_refused() -> None:
    with pytest.raises(UpgradeError, match=r"TAPELINE_SHARDS_BEFORE is 5, .* that of 16"):
        going_on(settings(), settings(shards=17, shards_before=5))
    with pytest.raises(UpgradeError, match=r"TAPELINE_SHARDS_BEFORE is 5"):
        going_on(settings(), settings(shards_before=5))


@pytest.mark.parametrize("topics", [("b",), ("b", "a"), ("a",)])
def test_topics_keep_their_places(topics: tuple[str, ...]) -> None:
    with pytest.raises(UpgradeError, match="must begin with a,b"):
        going_on(settings(trades_topics=("a", "b")), settings(trades_topics=topics))
