r"""Runs the past again: ``python -m scripts.replay --help``.

A time range of the input, to topics of its own; the same candles byte for byte each time:

    python -m scripts.replay range --from 2026-01-01T12:00:00Z --to 2026-01-01T13:00:00Z
    python -m scripts.replay range --from 2026-01-01T12:00:00Z --to 2026-01-01T13:00:00Z \
        --prefix second- --late all

Rejected records, repaired and sent again:

    python -m scripts.replay letters --reason invalid_side --set side=buy --dry-run
    python -m scripts.replay letters --repair my.repairs:fix_price

Both take the ``TAPELINE_`` settings of the shell: they must be those that the live job was started
with.
"""

import argparse
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from kafka.errors import KafkaError

from jobs.settings import Settings
from scripts.rerun import letters, repairs, replay
from scripts.rerun.spans import compact, duration_ms, time_ms
from scripts.stack.broker import Broker
from scripts.stack.cli import run
from scripts.stack.errors import StackError
from scripts.stack.flink import FlinkCluster
from scripts.stack.lock import exclusive
from scripts.stack.ports import free_port
from scripts.stack.progress import Progress
from scripts.stack.saved import SavedSettings
from scripts.stack.settings import StackSettings
from udfs.reasons import Reason

ALL = "all"


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay a range, or repair letters; return 0 if nothing went wrong."""
    chosen = options(arguments)
    stack = StackSettings()
    stack = SavedSettings(stack.home).read() or stack
    servers = chosen.bootstrap_servers or Broker(stack.home, stack.kafka_port).bootstrap_servers
    settings = Settings(bootstrap_servers=servers)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if chosen.command == "range":
            return replay_range(stack, settings, chosen)
        return repair_letters(settings, chosen)
    except KafkaError as error:
        raise StackError(f"Kafka at {servers}: {error}") from error


def replay_range(stack: StackSettings, settings: Settings, chosen: argparse.Namespace) -> int:
    """Run a range again on a cluster of its own, and say what came of it."""
    late_ms = chosen.late
    if late_ms == ALL:
        # So the reading goes to the newest record there is, and no trade is late.
        late_ms = max(int(time.time() * 1_000), chosen.to_ms) - chosen.from_ms
    prefix = chosen.prefix or f"replay-{compact(chosen.from_ms)}-"
    replayed = replay.replayed(settings, chosen.from_ms, chosen.to_ms, prefix, late_ms)
    replay.extent(replayed)  # so that no cluster is started for nothing
    progress = Progress(1, 2)
    with private_cluster(stack, chosen.parallelism, progress) as cluster:
        print("[2/2] The replay", flush=True)
        held = replay.replay(
            cluster, replayed, partitions=stack.partitions, parallelism=chosen.parallelism, say=_say
        )
    for topic, count in held.items():
        print(f"{count:12,} records in {topic}")
    return 0


def repair_letters(settings: Settings, chosen: argparse.Namespace) -> int:
    """Send repaired records again, and say how many."""
    if chosen.set:
        repair: repairs.Repair = repairs.setting(chosen.set)
    else:
        repair = repairs.loaded(chosen.repair) if chosen.repair else repairs.unchanged
    outcome = letters.resubmit(
        settings, repair, reason=chosen.reason, dry_run=chosen.dry_run, say=_say
    )
    print("\n".join(outcome.lines()))
    if chosen.dry_run:
        print("nothing was sent: this was a dry run")
    return 0


@contextmanager
def private_cluster(stack: StackSettings, slots: int, progress: Progress) -> Iterator[FlinkCluster]:
    """A cluster for one replay, for the slots of the live one are the live job's.

    It has a folder of its own in the runtime folder, and is gone with it at the end, however that
    comes; only a killed replay leaves it behind, to the next one.
    """
    folder = stack.home / "replay"
    with exclusive(folder):
        home = folder / "cluster"
        cluster = FlinkCluster(home, free_port(), slots=slots, memory=stack.flink_memory)
        _remove(cluster, home)
        try:
            with progress.step("A Flink cluster of the replay's own"):
                cluster.start()
            yield cluster
        finally:
            with _uninterrupted():
                _remove(cluster, home)


def _remove(cluster: FlinkCluster, home: Path) -> None:
    cluster.stop()
    shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """An impatient second Ctrl-C must not leave a cluster behind."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends a replay as Ctrl-C does."""
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(f"  {line}", flush=True)


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line; what is wrong with it ends the program with a message."""
    parser = argparse.ArgumentParser(
        prog="replay", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--bootstrap-servers", help="Kafka brokers; the local Tapeline's if absent")
    commands = parser.add_subparsers(dest="command", required=True)

    add = commands.add_parser(
        "range",
        parents=[shared],
        help="run a time range of the input again",
        description="Run a time range of the input again, to topics of its own. The range is one "
        "of Kafka's record timestamps; candles whose windows it cuts have its trades only.",
    ).add_argument
    add("--from", dest="from_ms", type=_parsed(time_ms), required=True, help="2026-01-01T12:00:00Z")
    add("--to", dest="to_ms", type=_parsed(time_ms), required=True, help="the end, exclusive")
    add("--prefix", help="of the topics and the group; replay-<from>- if absent")
    add(
        "--late",
        type=_parsed(lambda text: ALL if text == ALL else duration_ms(text)),
        default=0,
        metavar="36h",
        help="how late trades may come: as live if absent; `all` reads to the newest record, so "
        "that repaired records count too, and keeps all windows open until then",
    )
    add("--parallelism", type=int, default=1, choices=range(1, 65), metavar="1", help="subtasks")

    command = commands.add_parser(
        "letters",
        parents=[shared],
        help="repair rejected records and send them again",
        description="Repair the records in dead_letters and send those that are valid then to the "
        "topic they came from. Without a repair they are sent as they are if they are valid now.",
    )
    codes = [reason.code for reason in Reason]
    command.add_argument("--reason", choices=codes, metavar="CODE", help="only letters of this one")
    how = command.add_mutually_exclusive_group()
    how.add_argument(
        "--set",
        action="append",
        metavar="FIELD=VALUE",
        help="set a field of every letter (choose them with --reason) that is a JSON object, also "
        "if it was valid; the value is JSON, or else a text",
    )
    how.add_argument(
        "--repair",
        metavar="MODULE:FUNCTION",
        help="gets a letter as a dict, `payload` as bytes; returns new bytes, or None to leave it",
    )
    command.add_argument("--dry-run", action="store_true", help="say what would be, send nothing")
    return parser.parse_args(arguments)


def _parsed(parse: Callable[[str], int | str]) -> Callable[[str], int | str]:
    """An argument type whose errors keep their words."""

    def parsed(text: str) -> int | str:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parsed


if __name__ == "__main__":
    run(main)
