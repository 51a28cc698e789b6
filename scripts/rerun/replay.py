"""A time range of the input, run again into topics of its own.

The same range gives the same candles, byte for byte, however often and with whatever parallelism
it is run. What would make them differ is set apart:

- How late a trade came, compared with the others, depends on how fast each partition was read. So
  the watermark of a replay is behind by all that the live one is behind, and by the correction
  horizon too; nothing is corrected. What was a correction then is just in time now, and each
  candle is published once, final, at revision 0.
- Forming candles depend on the clock: there are none.
- ``updated_at`` is the end of the candle's window.

``late`` widens how late a trade may come. With all of the time that has passed since, no trade is
late, and the result depends on nothing but which records the topics hold.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from jobs import tables
from jobs.settings import OUTPUTS, Settings
from scripts.stack import topics
from scripts.stack.errors import StackError
from scripts.stack.flink import FlinkCluster
from scripts.stack.paths import ROOT

REPORT_EVERY_S = 5.0
PAUSE_S = 0.2


class ReplayError(StackError):
    """A replay that cannot be, or that failed."""


def replayed(settings: Settings, from_ms: int, to_ms: int, prefix: str, late_ms: int) -> Settings:
    """The settings of a replay of the records with timestamps from ``from_ms`` to before ``to_ms``.

    Args:
        settings: Those of the live job.
        from_ms: ms since 1970.
        to_ms: The same.
        prefix: What the names of the replay's topics and of its group begin with.
        late_ms: How late a trade may come, beside its delay; at least the correction horizon.

    Raises:
        ValidationError: The range is empty, or the prefix makes no name of a topic.
    """
    return Settings(
        **{
            **settings.model_dump(),
            **{f"{name}_topic": f"{prefix}{name}" for name in OUTPUTS},
            "group_id": f"{prefix}market",
            "start_from": str(from_ms),
            "stop_at": str(to_ms),
            "watermark_delay_ms": settings.watermark_delay_ms
            + max(settings.correction_ms, late_ms),
            "correction_ms": 0,
            "forming_intervals": (),
            "updated_at": "end",
            "delivery": "at-least-once",
            "shards_before": 0,
        }
    )


@dataclass(frozen=True)
class Extent:
    """What a replay will read."""

    records: int
    """Those of its range, and others among and after them."""
    open_ended: tuple[str, ...]
    """Partitions without a record that is later than the range: another may still come."""


def extent(settings: Settings) -> Extent:
    """What a replay with these settings will read.

    Raises:
        ReplayError: Nothing; or its topics hold records already.
    """
    from_ms, to_ms = settings.span_ms
    if from_ms is None or to_ms is None:
        raise ReplayError(f"no range: {settings.start_from} to {settings.stop_at}")
    with topics.consumer(settings.bootstrap_servers) as kafka:
        parts = topics.partitions(kafka, settings.inputs)
        missing = set(settings.inputs) - {part.topic for part in parts}
        if missing:
            raise ReplayError(f"there is no topic {', '.join(sorted(missing))}")
        first = topics.offsets_at(kafka, parts, from_ms)
        last = topics.offsets_at(kafka, parts, tables.end_ms(settings))
        newest = topics.ends(kafka, parts)
        outputs = settings.outputs.values()
        full = [name for name, held in topics.counts(kafka, outputs).items() if held]
    records = sum(max(last[part] - first[part], 0) for part in parts)
    if not records:
        raise ReplayError("no record has a timestamp of this range")
    if full:
        raise ReplayError(
            f"{', '.join(full)}: there are records already, of an earlier replay perhaps: choose "
            "other names with --prefix, or delete these topics"
        )
    open_ended = (f"{p.topic}/{p.partition}" for p in parts if last[p] == newest[p])
    return Extent(records, tuple(open_ended))


def replay(
    cluster: FlinkCluster,
    settings: Settings,
    *,
    partitions: int,
    parallelism: int,
    say: Callable[[str], None] = print,
) -> dict[str, int]:
    """Runs the job over its range to its end.

    Args:
        cluster: Where it runs; it must have ``parallelism`` free slots.
        settings: As ``replayed`` makes them.
        partitions: Of each output topic.
        parallelism: Subtasks of each operator.
        say: Takes a line of progress, every few seconds.

    Returns:
        How many records each output topic holds.

    Raises:
        ReplayError: An output topic holds records already, the range holds none, or the job
            failed.
    """
    found = extent(settings)
    if found.open_ended:
        say(
            f"read to their end: {', '.join(found.open_ended)}. What is sent there later may "
            "belong to this range too, and another replay would have it"
        )
    topics.create_outputs(settings, partitions)
    job_id = cluster.submit(
        ROOT / "jobs" / "market.py", settings.environment(), parallelism=parallelism
    )
    try:
        _wait(cluster, job_id, found.records, say)
    except BaseException:
        with contextlib.suppress(StackError, OSError):  # what came first is what to tell
            cluster.cancel(job_id)
        raise
    with topics.consumer(settings.bootstrap_servers) as kafka:
        return topics.counts(kafka, settings.outputs.values())


def _wait(cluster: FlinkCluster, job_id: str, records: int, say: Callable[[str], None]) -> None:
    """Return when the job has finished; say how far it is.

    Raises:
        ReplayError: It ended otherwise, or Flink did.
    """
    started = reported = time.monotonic()
    try:
        while (state := cluster.rest.job_state(job_id)) != "FINISHED":
            if state in ("FAILED", "CANCELED", "UNKNOWN"):
                raise ReplayError(f"the replay ended as {state}:\n{cluster.rest.failure(job_id)}")
            if time.monotonic() - reported >= REPORT_EVERY_S:
                reported = time.monotonic()
                read = _read(cluster, job_id)
                say(
                    f"{state.lower()} for {reported - started:.0f} s: {read:,} of {records:,} "
                    f"records read ({min(read / records, 1):.0%})"
                )
            time.sleep(PAUSE_S)
    except OSError as error:
        raise ReplayError(f"the replay's Flink ended: {error}") from error


def _read(cluster: FlinkCluster, job_id: str) -> int:
    """How many records were read; Flink counts anew every ten seconds."""
    vertices = cluster.rest.get(f"/jobs/{job_id}")["vertices"]
    sources = (each for each in vertices if each["name"].startswith("Source: "))
    return sum(each["metrics"]["read-records"] for each in sources)
