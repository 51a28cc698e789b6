"""Whether anything grows while an endless market in chaos runs, and whether every record is found.

``python -m scripts.bench.soak`` beside a Tapeline that ``start.sh --no-generator`` has started.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import psutil

from scripts.bench import results
from scripts.generate.manifest import Manifest
from scripts.stack.local import LocalTapeline
from scripts.stack.paths import ROOT
from scripts.stack.saved import SavedSettings
from scripts.stack.settings import StackSettings
from scripts.stack.waiting import wait_until

LOOK_S = 20.0
WARM_S = 300.0
"""Until then caches fill and the JVM compiles."""
COUNTED = ("records", "duplicates", "rejected")


def main() -> None:
    """Measures and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=1_000.0, help="records a second")
    options = parser.parse_args()
    stack = StackSettings()
    tapeline = LocalTapeline(SavedSettings(stack.home).read() or stack)
    with tempfile.TemporaryDirectory() as folder, httpx.Client(base_url=url(tapeline)) as api:
        try:
            before = ledger(api)
        except httpx.ConnectError:
            sys.exit(f"nothing answers at {api.base_url}: first ./scripts/start.sh --no-generator")
        path = Path(folder) / "manifest.json"
        market = subprocess.Popen(
            [
                *[sys.executable, "-m", "scripts.simulate", "--infinite", "--realtime"],
                *["--chaos", "5%", "--rate", str(options.rate), "--manifest", str(path)],
                *["--bootstrap-servers", tapeline.broker.bootstrap_servers],
            ],
            cwd=ROOT,
        )
        try:
            looks = list(watched(tapeline, market.pid, options.minutes * 60))
            market.send_signal(signal.SIGINT)
            market.wait(120)
        finally:
            market.kill()
        made = msgspec.json.decode(path.read_bytes(), type=Manifest)
        wait_until(lambda: found(ledger(api), before) == counts(made), "all to be found", 120)
    write(options.minutes, options.rate, looks, made)


def url(tapeline: LocalTapeline) -> str:
    """Where its service is."""
    return f"http://127.0.0.1:{tapeline.settings.api_port}"


def ledger(api: httpx.Client) -> dict[str, int]:
    """Where all records went."""
    total: dict[str, int] = api.get("/api/ledger").raise_for_status().json()["total"]
    return total


def found(now: dict[str, int], before: dict[str, int]) -> tuple[int, ...]:
    """Records, duplicates, rejects and trades in candles or too late, since then."""
    since = {name: now[name] - before.get(name, 0) for name in now}
    return *(since[name] for name in COUNTED), since["candles"] + since["late"]


def counts(made: Manifest) -> tuple[int, ...]:
    """What that must be."""
    return made.records, made.duplicates, sum(made.rejected.values()), made.trades


def watched(tapeline: LocalTapeline, market: int, seconds: float) -> Iterator[dict[str, float]]:
    """Look at the memory of everything now and then: MiB, by name."""
    started = time.monotonic()
    while (passed := time.monotonic() - started) < seconds:
        look = {"s": passed, "simulator": psutil.Process(market).memory_info().rss / 2**20}
        for daemon in tapeline.daemons:
            for process in daemon.family():
                try:
                    size = process.memory_info().rss / 2**20
                    is_worker = daemon.name == "taskmanager" and process.name() != "java"
                except psutil.Error:
                    continue
                name = "Python workers" if is_worker else daemon.name
                look[name] = look.get(name, 0.0) + size
        yield look
        time.sleep(LOOK_S)


def write(minutes: float, rate: float, looks: list[dict[str, float]], made: Manifest) -> None:
    """Write what was seen."""
    warm = [look for look in looks if look["s"] >= min(WARM_S, minutes * 15)]
    rows = []
    for name in warm[-1].keys() - {"s"}:
        sizes = [look[name] for look in warm if name in look]
        rows.append(f"| {name} | {sizes[0]:,.0f} | {sizes[-1]:,.0f} | {max(sizes):,.0f} |")
    broken = sum(made.rejected.values())
    results.write(
        "An endless market in chaos",
        f"```\npython -m scripts.bench.soak --minutes {minutes:g} --rate {rate:g}\n```\n\n"
        f"`simulate --infinite --realtime --chaos 5%`, {minutes:g} minutes, {made.records:,} "
        f"records: {made.trades:,} trades, {made.duplicates:,} duplicates, {broken:,} broken, "
        f"{made.late:,} late; the ledger has each of them. Resident memory, MiB, from the fifth "
        "minute on:\n\n| | first | last | most |\n| --- | --- | --- | --- |\n"
        + "\n".join(sorted(rows)),
    )


if __name__ == "__main__":
    main()
