"""Whether a local Tapeline does what it should, question by question."""

import time
from dataclasses import dataclass

from scripts.stack.errors import StackError
from scripts.stack.local import LocalTapeline

# A checkpoint is due every ten seconds: when none has ended for this long, something is in its way.
_CHECKPOINT_LATE_SECONDS = 60


@dataclass(frozen=True)
class Check:
    """An answer. ``well`` is None where there is nothing to judge."""

    name: str
    well: bool | None
    text: str


def check_all(tapeline: LocalTapeline) -> list[Check]:
    """Every answer, in the order in which the data flows."""
    checks = [_processes(tapeline), _job(tapeline)]
    if tapeline.job.alive:
        try:
            checks += [_checkpoint(tapeline), _lag(tapeline)]
        except (StackError, OSError) as error:
            checks.append(Check("Flink", False, str(error)))
    return [*checks, _candles(tapeline)]


def _processes(tapeline: LocalTapeline) -> Check:
    # One that was started has a record; the generator may have been left out on purpose.
    optional = tapeline.generator.daemon
    dead = [
        daemon.name
        for daemon in tapeline.daemons
        if not daemon.process and (daemon is not optional or daemon.record)
    ]
    text = f"not running: {', '.join(dead)}; scripts/start.sh starts them" if dead else "all run"
    return Check("Processes", not dead, text)


def _job(tapeline: LocalTapeline) -> Check:
    state = tapeline.job.state
    text = f"{state} {tapeline.job.id or ''}".strip()
    if state == "RESTARTING" and tapeline.job.id:
        text += f": {tapeline.cluster.rest.failure(tapeline.job.id).partition(chr(10))[0]}"
    return Check("Job", state == "RUNNING", text)


def _checkpoint(tapeline: LocalTapeline) -> Check:
    answer = tapeline.cluster.rest.checkpoints(tapeline.job.id or "")
    newest, recent = answer["latest"]["completed"], answer["history"]
    # Flink's own count of failures has those that were due before the job ran, and never forgets.
    failed = sum(checkpoint["status"] == "FAILED" for checkpoint in recent)
    failures = f"; {failed} of the last {len(recent)} failed" if failed else ""
    if not newest:
        return Check("Checkpoint", None, f"none yet{failures}")
    age = time.time() - newest["latest_ack_timestamp"] / 1000
    text = (
        f"number {newest['id']}, {age:.0f} s ago, took {newest['end_to_end_duration']} ms, "
        f"{newest['state_size'] / 1e6:.1f} MB{failures}"
    )
    return Check("Checkpoint", age < _CHECKPOINT_LATE_SECONDS, text)


def _lag(tapeline: LocalTapeline) -> Check:
    pending = tapeline.cluster.rest.source_metric(tapeline.job.id or "", "pendingRecords")
    if pending is None:
        return Check("Lag", None, "not known yet")
    return Check("Lag", None, f"{pending:,.0f} Kafka records still to be read")


def _candles(tapeline: LocalTapeline) -> Check:
    health = tapeline.api.get("/health")
    if health is None:
        return Check("Candles", False, f"{tapeline.api.url} does not answer")
    if not health["ready"]:
        # Without a generator nobody may be sending anything.
        well = False if tapeline.generator.daemon.record else None
        return Check("Candles", well, "; ".join(health["reasons"]))
    return Check(
        "Candles", True, f"served, the newest updated {health['freshness_seconds']:.1f} s ago"
    )
