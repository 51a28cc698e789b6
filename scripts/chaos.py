"""Crashes parts of a Tapeline while trades flow, and checks every candle.

    python -m scripts.chaos --runs 50 --seed 1

It starts a Tapeline of its own. In each run trades flow, late ones, copies and broken ones among
them; the TaskManager, a Python worker, the JobManager, the broker or the API is killed, or the
TaskManager is stopped for half a minute; the keeper brings back what died. Then the topic is
computed again, plainly, and each candle compared. A table at the end says what it took.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from scripts.crash.faults import FAULTS
from scripts.crash.run import Outcome, crash_stack
from scripts.stack.cli import run

MOST_SHOWN = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; returns 1 if any candle differs."""
    options = _parser().parse_args(arguments)
    pick = random.Random(options.seed)
    outcomes: list[Outcome] = []
    print(f"{options.runs} runs, seed {options.seed}, {options.delivery}", flush=True)
    home = Path(tempfile.mkdtemp(prefix="tapeline-chaos-"))
    with crash_stack(home, delivery=options.delivery) as stack:
        names: list[str] = []
        for number in range(1, options.runs + 1):
            # Each fault once before any comes again.
            names = names or pick.sample(
                options.fault or list(FAULTS), k=len(options.fault or FAULTS)
            )
            outcome = stack.run(names.pop(), number, pick.randrange(2**32), options.pause)
            outcomes.append(outcome)
            said = f"{len(outcome.differences)} differences" if outcome.differences else "all equal"
            print(
                f"{time.strftime('%H:%M:%S')} {number}/{options.runs} {outcome.fault}: recovered "
                f"in {outcome.recovery_s:.1f} s, {outcome.candles} candles, {said}",
                flush=True,
            )
            for difference in outcome.differences[:MOST_SHOWN]:
                print(f"    {difference}", flush=True)
    print(table(outcomes))
    return int(any(outcome.differences for outcome in outcomes))


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes by fault, in Markdown."""
    lines = [
        "| fault | runs | recovery p50 | p99 | candles | differences |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    groups = {name: [o for o in outcomes if o.fault == name] for name in FAULTS}
    for name, group in {**groups, "all": list(outcomes)}.items():
        if group:
            times = sorted(outcome.recovery_s for outcome in group)
            lines.append(
                f"| {name} | {len(group)} | {_quantile(times, 0.5):.1f} s "
                f"| {_quantile(times, 0.99):.1f} s | {sum(o.candles for o in group):,} "
                f"| {sum(len(o.differences) for o in group)} |"
            )
    return "\n".join(lines)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The least value that so large a share of them does not exceed."""
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--fault", action="append", choices=list(FAULTS), help="only these")
    parser.add_argument("--pause", type=float, default=30.0, help="seconds of a pause")
    parser.add_argument(
        "--delivery", choices=["at-least-once", "exactly-once"], default="at-least-once"
    )
    return parser


if __name__ == "__main__":
    sys.exit(run(main))
