"""How the commands that talk to Kafka end."""

import sys
from typing import NoReturn

import typer
from kafka.errors import KafkaError
from pydantic import ValidationError

from scripts.stack.errors import StackError


def run(app: typer.Typer) -> NoReturn:
    """Run a command; what a person can act on is said without a traceback."""
    try:
        app()
    except KafkaError as error:
        sys.exit(f"Kafka: {error or type(error).__name__}")
    except (StackError, ValidationError, OSError) as error:
        sys.exit(f"{error}")
    sys.exit(0)
