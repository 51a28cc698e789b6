"""Shows what runs and how it fares: ``python -m scripts.stack.status`` (scripts/status.sh)."""

from rich.console import Console
from rich.table import Table

from scripts.stack.checks import Check, check_all
from scripts.stack.cli import run
from scripts.stack.daemon import Daemon
from scripts.stack.local import LocalTapeline
from scripts.stack.saved import SavedSettings
from scripts.stack.settings import StackSettings

_MARKS = {True: "[green]ok[/]", False: "[red]bad[/]", None: ""}


def main() -> int:
    """Print the state of a local Tapeline; return 0 if all is well, else 1."""
    home = StackSettings().home
    settings = SavedSettings(home).read()
    console = Console(highlight=False)
    if settings is None:
        console.print(f"Nothing was started in {home}: run scripts/start.sh")
        return 1
    tapeline = LocalTapeline(settings)
    checks = check_all(tapeline)
    console.print(_processes(tapeline.daemons), _results(checks), sep="\n", soft_wrap=True)
    console.print(
        f"\nDashboard {tapeline.api.url}/   API {tapeline.api.url}/docs   "
        f"Flink {tapeline.cluster.rest.url}\nLogs      {home / 'logs'}",
        soft_wrap=True,
    )
    return 0 if all(check.well is not False for check in checks) else 1


def _processes(daemons: tuple[Daemon, ...]) -> Table:
    table = Table("Process", "Number", "Up since (UTC)", "Memory", box=None, pad_edge=False)
    for daemon in daemons:
        usage = daemon.usage()
        if usage:
            since = f"{usage.since:%Y-%m-%d %H:%M:%S}"
            table.add_row(daemon.name, str(usage.pid), since, f"{usage.memory >> 20:,} MB")
        else:
            table.add_row(daemon.name, "-", "-", "-")
    return table


def _results(checks: list[Check]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_row()
    for check in checks:
        table.add_row(check.name, _MARKS[check.well], check.text)
    return table


if __name__ == "__main__":
    run(main)
