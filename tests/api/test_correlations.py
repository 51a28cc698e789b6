"""Correlations over real HTTP, filled by hand."""

from typing import Any

import httpx
import pytest

from api.models import CorrelationsModel
from api.records import Correlation
from api.service import Service
from tests.api.harness import MINUTE, NOW


def correlation(symbol: str, ms: int = NOW, **others: float | None) -> Correlation:
    return Correlation(symbol, ms, 60, 60, others, {"C": 30}, 2, NOW)


def asked(client: httpx.Client, query: str = "") -> list[Any]:
    answer = client.get(f"/api/correlations?{query}").json()
    CorrelationsModel.model_validate(answer, strict=True)
    return [(each["symbol"], each["other"], each["correlation"]) for each in answer["pairs"]]


@pytest.fixture
def filled(service: Service) -> Service:
    service.correlations.put(
        [
            correlation("A", B=0.5, C=-0.9, D=None),
            correlation("B", C=0.1, D=0.7),
            correlation("C", D=0.2),
        ]
    )
    return service


def test_the_strongest_pairs_come_first_and_those_without_a_correlation_last(
    filled: Service, client: httpx.Client
) -> None:
    every = [
        *(("A", "C", -0.9), ("B", "D", 0.7), ("A", "B", 0.5)),
        *(("C", "D", 0.2), ("B", "C", 0.1), ("A", "D", None)),
    ]
    assert asked(client) == every
    assert asked(client, "limit=2") == every[:2]
    assert asked(client, "least=0.5") == every[:3]
    assert len(filled.correlations) == 6


@pytest.mark.parametrize(
    ("symbols", "found"),
    [
        ("C", ["AC", "CD", "BC"]),
        ("A", ["AC", "AB", "AD"]),
        ("D, B", ["BD"]),
        ("A,C,D", ["AC", "CD", "AD"]),
    ],
)
@pytest.mark.usefixtures("filled")
def test_pairs_of_some_symbols(client: httpx.Client, symbols: str, found: list[str]) -> None:
    assert [a + b for a, b, _ in asked(client, f"symbols={symbols}")] == found


@pytest.mark.usefixtures("filled")
def test_a_pair_says_of_how_many_returns_it_is(client: httpx.Client) -> None:
    answer = client.get("/api/correlations?symbols=A").json()
    assert {each["other"]: each["returns"] for each in answer["pairs"]} == {
        **{"B": 60, "C": 30, "D": 60}
    }
    assert (answer["timestamp"], answer["window"], answer["left_out"]) == (NOW, 60, 2)


def test_the_newest_minute_counts(filled: Service, client: httpx.Client) -> None:
    filled.correlations.put([correlation("A", NOW + MINUTE, B=0.8)])
    filled.correlations.put([correlation("A", NOW, B=0.1)])
    assert asked(client, "symbols=A") == [("A", "B", 0.8)]
    assert client.get("/api/correlations").json()["timestamp"] == NOW + MINUTE


def test_what_is_older_than_the_window_is_let_go(filled: Service, client: httpx.Client) -> None:
    filled.correlations.put([correlation("A", NOW + 59 * MINUTE, B=0.8)])
    assert len(asked(client)) == 4
    filled.correlations.put([correlation("A", NOW + 60 * MINUTE, B=0.8)])
    assert asked(client) == [("A", "B", 0.8)]


def test_before_the_first_minute_there_are_none(client: httpx.Client) -> None:
    assert client.get("/api/correlations").json() == {
        **{"timestamp": None, "window": None, "left_out": 0, "pairs": []}
    }


@pytest.mark.usefixtures("filled")
def test_a_symbol_in_no_pair_is_told_with_those_there_are(client: httpx.Client) -> None:
    response = client.get("/api/correlations?symbols=A,E")
    assert response.status_code == 404
    assert response.json()["detail"] == "no correlations of 'E'; there are A, B, C, D"
    assert client.get("/api/correlations?symbol=A").status_code == 422
