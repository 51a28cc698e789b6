"""Which settings a job may change and go on from its state, and which not."""

from jobs.settings import Settings

AGGREGATE = "aggregate-"
"""How the uid of the operator with the state of shards begins; the number of them follows. So no
job reads the state of others."""


class UpgradeError(Exception):
    """The state does not fit the new settings; the text says which and what to do."""


def going_on(before: Settings, after: Settings) -> Settings:
    """The settings with which a job goes on from the state of one that ran with others.

    All may change but one: records are counted by the place of their topic. Where the number of
    shards changes, ``shards_before`` says from what, and says so until it changes again: the job
    has what hands the state over, and its savepoints do too.

    Raises:
        UpgradeError: it cannot go on.
    """
    for name in ("trades_topics", "orders_topics"):
        now, then = getattr(after, name), getattr(before, name)
        if now[: len(then)] != then:
            raise UpgradeError(
                f"TAPELINE_{name.upper()} is {','.join(now)}, but must begin with "
                f"{','.join(then)}: the state knows topics by their places"
            )
    wanted = before.shards if after.shards != before.shards else before.shards_before
    if after.shards_before not in (0, wanted):
        raise UpgradeError(
            f"TAPELINE_SHARDS_BEFORE is {after.shards_before}, but with TAPELINE_SHARDS="
            f"{after.shards} the state is that of {wanted or after.shards}: leave it out"
        )
    return after.model_copy(update={"shards_before": wanted})
