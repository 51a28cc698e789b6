"""The command: what it offers, and how it ends."""

import sys
from typing import Annotated

import typer

from ..errors import TapelineError
from ..methods import LOCAL
from . import anomalies, candles, status, tail, upload, watch
from .context import Access

app = typer.Typer(
    name="tapeline",
    help="Ask a Tapeline service, follow it, and send it trades.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def root(
    context: typer.Context,
    url: Annotated[str, typer.Option(envvar="TAPELINE_URL", help="Of the service.")] = LOCAL,
    # Whoever lists the processes of a machine reads options, so the key has none that is shown.
    key: Annotated[str, typer.Option(envvar="TAPELINE_KEY", hidden=True)] = "",
) -> None:
    """Ask a Tapeline service, follow it, and send it trades.

    Where the service asks for a key, it is taken from TAPELINE_KEY.
    """
    context.obj = Access(url, key or None)


for each in (status.status, watch.watch, candles.candles, anomalies.anomalies, upload.upload):
    app.command()(each)
app.command()(tail.tail)


def main() -> None:
    """Run it; errors that are no bugs are a line, not a traceback."""
    try:
        app(prog_name="tapeline")
    except BrokenPipeError:  # of "| head"
        sys.stderr.close()
        sys.exit(1)
    except (TapelineError, ValueError, OSError) as error:
        sys.exit(f"tapeline: {error}")
