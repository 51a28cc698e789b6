"""Which settings a job may change and go on from its state, and which not."""

from jobs.settings import Settings


class UpgradeError(Exception):
    """The state does not fit the new settings; the text says which and what to do."""


def check(before: Settings, after: Settings) -> None:
    """Checks that a job with other settings can go on from the state of one that ran before.

    The parallelism may change, and every setting but two: symbols are in the shard that their name
    gives with the number of shards, and records are counted by the place of their topic.

    Raises:
        UpgradeError: it cannot.
    """
    if after.shards != before.shards:
        raise UpgradeError(
            f"TAPELINE_SHARDS is {after.shards}, but the state was written with {before.shards}: "
            f"set it back, or start anew without the state (scripts/start.sh --fresh)"
        )
    known = len(before.trades_topics)
    if after.trades_topics[:known] != before.trades_topics:
        raise UpgradeError(
            f"TAPELINE_TRADES_TOPICS is {','.join(after.trades_topics)}, but must begin with "
            f"{','.join(before.trades_topics)}: the state knows topics by their places"
        )
