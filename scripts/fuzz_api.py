"""Asks every route of the API what its OpenAPI document allows, and what it does not.

    python -m scripts.fuzz_api --cases 20000 --seed 1

It serves a filled service of its own over HTTP. Each answer is held against the document: no
failure of the server, and only statuses, content types and shapes that are told of. Streams, whose
answers have no end, are left out.
"""

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.filled import SYMBOL, filled_service
from tests.api.harness import served

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
TIMEOUT_SECONDS = 30
ENDLESS = "/stream"


def main(arguments: Sequence[str] | None = None) -> None:
    """Fuzz and print what was answered; raises at the first answer that is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=20_000, help="requests, about")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    begun = time.monotonic()
    with served(filled_service()) as address:
        statuses = fuzz(address, options.cases, options.seed, told=print)
    answers = ", ".join(f"{count:,} of {status}" for status, count in sorted(statuses.items()))
    print(f"{statuses.total():,} requests in {time.monotonic() - begun:.0f} s: {answers}")


def fuzz(
    address: str, cases: int, seed: int, told: Callable[[str], None] = lambda _: None
) -> Counter[int]:
    """Ask about so many times in all; a symbol in a path is one that is there half of the time.

    ``told`` is called with a line about each route.

    Returns:
        How often each status was answered.

    Raises:
        BaseExceptionGroup: An answer is not what the document says.
    """
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    every = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    operations = [each for each in every if each.path != ENDLESS]
    kinds = [
        (operation, mode, known)
        for operation in operations
        for mode in GenerationMode
        for known in ([None, {"symbol": SYMBOL}] if "{symbol}" in operation.path else [None])
    ]
    statuses: Counter[int] = Counter()
    with requests.Session() as session:
        session.trust_env = False
        for operation, mode, known in kinds:
            most = max(1, cases // len(kinds))
            _ask(operation.as_strategy(mode, path_parameters=known), most, seed, session, statuses)
            told(f"{statuses.total():>7,} {operation.label} {mode.value}")
    return statuses


def _ask(
    strategy: Any, most: int, seed: int, session: requests.Session, statuses: Counter[int]
) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=most,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @hypothesis.given(strategy)
    def ask(case: Case[Any]) -> None:
        response = case.call(session=session, timeout=TIMEOUT_SECONDS)
        statuses[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    # A route without parameters cannot be asked wrongly.
    with suppress(hypothesis.errors.Unsatisfiable):
        ask()


if __name__ == "__main__":
    main()
