"""Nobody can make the candles wrong by killing what makes them."""

from collections.abc import Iterator

import pytest

from scripts.crash.faults import FAULTS
from scripts.crash.run import CrashStack, crash_stack

pytestmark = pytest.mark.system

PAUSE_SECONDS = 8.0
SEED = 20_261_121


@pytest.fixture(scope="module", params=["at-least-once", "exactly-once"])
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CrashStack]:
    """A Tapeline that delivers so, with the keeper; it must leave nothing behind."""
    home = tmp_path_factory.mktemp("crash")
    with crash_stack(home, delivery=request.param) as made:
        yield made


@pytest.mark.parametrize("fault", FAULTS)
def test_candles_are_those_of_all_trades_after(stack: CrashStack, fault: str) -> None:
    if stack.transactional and fault not in ("kill TaskManager", "kill broker"):
        pytest.skip("what delivery has a part in is what is tested of it")
    number = list(FAULTS).index(fault) + 1
    outcome = stack.run(fault, number, SEED + number, PAUSE_SECONDS)
    assert outcome.candles > 0
    assert outcome.differences == []


def test_the_ledger_adds_up_after_all_of_it(stack: CrashStack) -> None:
    answer = stack.ledger()
    ends = stack.offsets
    assert {each["partition"]: each["messages"] for each in answer["sources"]} == {
        partition: end for partition, end in ends.items() if end
    }
    assert answer["balanced"]
    assert answer["total"]["rejected"] > 0
    assert answer["total"]["duplicates"] > 0
