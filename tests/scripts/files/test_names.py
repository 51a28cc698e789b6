import pytest

from scripts.files.errors import FileError
from scripts.files.names import NAMES, columns_of

OWN = ["symbol", "price", "quantity", "timestamp", "side"]


@pytest.mark.parametrize(
    ("field", "name"),
    [(field, name) for field in OWN for name in NAMES[field]],
)
def test_a_field_goes_by_each_of_its_names(field: str, name: str) -> None:
    names = [name if each == field else each for each in OWN]
    assert columns_of(names, "a.csv")[field] == name


def test_single_letters_are_told_apart_by_their_case() -> None:
    found = columns_of(["s", "p", "q", "t", "T", "m"], "a.csv")
    assert (found["trade_id"], found["timestamp"], found["is_buyer_maker"]) == ("t", "T", "m")


def test_the_first_name_counts_and_others_are_found_in_any_case() -> None:
    found = columns_of(["Ticker", "PRICE", "size", "qty", "time", "ts", "Side", "note"], "a.csv")
    assert found == {
        **{"symbol": "Ticker", "price": "PRICE", "quantity": "qty"},
        **{"timestamp": "ts", "side": "Side"},
    }


def test_a_column_that_is_there_twice_is_refused() -> None:
    with pytest.raises(FileError, match="two of price"):
        columns_of([*OWN, "price"], "a.csv")
