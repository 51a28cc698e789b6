"""Which topics are made, and how."""

import pytest

from jobs.settings import Settings
from scripts.stack import topics


def test_only_the_ledger_is_compacted_and_all_else_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {}

    def create(servers: str, names: list[str], partitions: int, config: dict[str, str]) -> None:
        made.update({name: (partitions, config) for name in names})

    monkeypatch.setattr(topics, "create", create)
    settings = Settings()
    topics.create_outputs(settings, partitions=3, retention_bytes=7)
    assert made.pop("ledger") == (1, {"cleanup.policy": "compact"})
    kept = {"retention.ms": "-1", "retention.bytes": "7"}
    assert made == {
        name: (3, kept) for name in settings.outputs.values() if name != settings.ledger_topic
    }
