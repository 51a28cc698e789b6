"""Starts what does not run: ``python -m scripts.stack.up`` (scripts/start.sh calls it)."""

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from scripts.stack.cli import run
from scripts.stack.kernels import compile_kernels
from scripts.stack.local import LocalTapeline
from scripts.stack.lock import exclusive
from scripts.stack.paths import ROOT
from scripts.stack.progress import Progress
from scripts.stack.saved import SavedSettings
from scripts.stack.settings import StackSettings
from scripts.stack.waiting import wait_until

STEPS = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Start a local Tapeline and say how to use it."""
    options = _parser().parse_args(arguments)
    settings = StackSettings()
    tapeline = LocalTapeline(settings)
    with exclusive(settings.home):
        saved = SavedSettings(settings.home)
        if any(daemon.process for daemon in tapeline.daemons):
            saved.require_same(settings)
        tapeline.require_ports()
        tapeline.require_rules()
        saved.write(settings)
        _start(tapeline, Progress(options.done + 1, options.done + STEPS), options)
    print(_guide(tapeline))
    return 0


def _start(tapeline: LocalTapeline, progress: Progress, options: argparse.Namespace) -> None:
    with ThreadPoolExecutor() as pool:
        # These three do not need each other.
        kafka = pool.submit(tapeline.broker.start)
        flink = pool.submit(tapeline.cluster.start)
        kernels = None if tapeline.job.alive else pool.submit(compile_kernels)
        with progress.step("Kafka broker and topics"):
            kafka.result()
            tapeline.create_topics(options.fresh)
        with progress.step("Flink cluster"):
            flink.result()
        with progress.step("The job"):
            if kernels:
                kernels.result()
            tapeline.start_job(options.fresh)
    with progress.step("API and generator" if options.generator else "API"):
        if options.generator:
            tapeline.generator.start()
        tapeline.api.start()
        tapeline.keeper.start()
    if options.generator:
        with progress.step("First candles"):
            wait_until(tapeline.api.ready, f"{tapeline.api.url}/ready, see scripts/status.sh", 120)


def _guide(tapeline: LocalTapeline) -> str:
    api, settings = tapeline.api.url, tapeline.settings
    candles = f"{api}/api/candles/{tapeline.api.example()}?interval=1s&limit=3"
    consume = f"console-consumer --bootstrap-server {tapeline.broker.bootstrap_servers}"
    return f"""
Tapeline runs.
  Dashboard   {api}/
  API         {api}/docs
  Flink       {tapeline.cluster.rest.url}
  Kafka       {tapeline.broker.bootstrap_servers}
  Logs        {settings.home / "logs"}
Try:
  curl -s '{candles}'
  {ROOT}/scripts/kafka.sh {consume} --topic {tapeline.job_settings.candles_topic} --max-messages 5
  {ROOT}/scripts/status.sh
  {ROOT}/scripts/stop.sh"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="start.sh", description="Start a local Tapeline, or what of it does not run."
    )
    parser.add_argument(
        "--no-generator",
        dest="generator",
        action="store_false",
        help="do not start the made-up market",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="start the job without the state of its last run"
    )
    # How many steps setup.sh has done and shown.
    parser.add_argument("--done", type=int, default=0, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    run(main)
