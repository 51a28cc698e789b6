import pytest

from scripts.sources.amounts import share


@pytest.mark.parametrize(("text", "number"), [("0.05", 0.05), ("5%", 0.05), ("0", 0), ("100%", 1)])
def test_a_share_is_a_number_or_percent(text: str, number: float) -> None:
    assert share(text) == number


@pytest.mark.parametrize("text", ["", "%", "five", "-1%", "1.01", "101%", "nan"])
def test_what_is_no_share_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match="is no share: give 0 to 1, or 0% to 100%"):
        share(text)
