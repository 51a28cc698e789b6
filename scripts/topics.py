"""Makes, shows and deletes Kafka topics: ``python -m scripts.topics --help``."""

import sys
from typing import Annotated

import msgspec
import typer
from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from pydantic import ValidationError
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from jobs.settings import Settings
from scripts.stack import topics
from scripts.stack.errors import StackError
from scripts.stack.topics import Topic

PATIENCE_MS = 5_000
"""How long a broker is tried that does not answer."""
_DAY_MS = 86_400_000

app = typer.Typer(
    help="Make, show and delete the Kafka topics of Tapeline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Names = Annotated[
    list[str] | None,
    typer.Argument(help="Topics; all inputs and outputs of the settings if none is given."),
]
Servers = Annotated[
    str | None, typer.Option("--bootstrap-servers", help="Kafka brokers; the settings' if absent.")
]


@app.command()
def create(
    names: Names = None,
    servers: Servers = None,
    partitions: Annotated[int, typer.Option(min=1, help="Of each but the ledger.")] = 3,
) -> None:
    """Create the topics that are not there; those that are stay as they are."""
    settings = reached(servers)
    names = names or all_of(settings)
    before = {topic.name: topic.partitions for topic in described(settings, names)}
    created = topics.create_of(settings, names, partitions)
    for name in names:
        wanted = 1 if name == settings.ledger_topic else partitions
        if name in created:
            print(f"{name}: created, partitions: {wanted}")
        elif before.get(name, wanted) == wanted:
            print(f"{name}: is there")
        else:
            print(f"{name}: is there, partitions: {before[name]} instead of {wanted}")


@app.command("list")
def show(
    names: Names = None,
    servers: Servers = None,
    as_json: Annotated[bool, typer.Option("--json", help="One array of objects.")] = False,
) -> None:
    """Show what topics there are, and what they hold."""
    settings = reached(servers)
    names = names or all_of(settings)
    found = described(settings, names)
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    table = Table("topic", box=None, pad_edge=False)
    for title in ("partitions", "records", "size", "retention"):
        table.add_column(title, justify="right")
    for topic in found:
        table.add_row(
            topic.name,
            f"{topic.partitions:,}",
            f"{topic.records:,}",
            decimal(topic.bytes),
            retention(topic),
        )
    Console().print(table)
    missing = sorted(set(names) - {topic.name for topic in found})
    if missing:
        print(f"not there: {', '.join(missing)}")


@app.command()
def delete(
    names: Names = None,
    servers: Servers = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete topics with all that is in them."""
    settings = reached(servers)
    names = names or all_of(settings)
    if not yes:
        typer.confirm(f"Delete {', '.join(names)} at {settings.bootstrap_servers}?", abort=True)
    with admin_of(settings) as admin:
        for name in names:
            print(f"{name}: {'deleted' if topics.delete(admin, name) else 'was not there'}")


def reached(servers: str | None) -> Settings:
    """The settings, with these brokers if there are any, at which somebody answers.

    Raises:
        StackError: Nobody does.
    """
    settings = Settings() if servers is None else Settings(bootstrap_servers=servers)
    try:
        admin_of(settings).close()
    except (KafkaError, ValueError) as error:
        raise StackError(
            f"no Kafka answers at {settings.bootstrap_servers}: {error}; start one, or name "
            "another with --bootstrap-servers"
        ) from error
    return settings


def admin_of(settings: Settings) -> KafkaAdminClient:
    """A client for administration, to be used with ``with``."""
    servers = settings.bootstrap_servers.split(",")
    return KafkaAdminClient(bootstrap_servers=servers, bootstrap_timeout_ms=PATIENCE_MS)


def described(settings: Settings, names: list[str]) -> list[Topic]:
    """The topics of these names that exist, in their order."""
    with (
        admin_of(settings) as admin,
        topics.consumer(settings.bootstrap_servers) as kafka,
    ):
        return topics.described(admin, kafka, names)


def all_of(settings: Settings) -> list[str]:
    """Every topic of a job."""
    return [*settings.inputs, *settings.outputs.values()]


def retention(topic: Topic) -> str:
    """How long a topic keeps what it has, in words."""
    if topic.is_compacted:
        return "newest of each key"
    time = "for ever" if topic.retention_ms < 0 else f"{topic.retention_ms / _DAY_MS:g} d"
    if topic.retention_bytes < 0:
        return time
    return f"{time}, {decimal(topic.retention_bytes)} a partition"


def main() -> None:
    """Run it; what a person can act on is said without a traceback."""
    try:
        app(prog_name="topics")
    except (StackError, ValidationError, KafkaError) as error:
        sys.exit(f"topics: {error}")


if __name__ == "__main__":
    main()
