"""The instruments that trade, and the manner of each."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Instrument(NamedTuple):
    """How one instrument trades.

    Attributes:
        symbol: Its name on the topic.
        exchange: Where it trades.
        price: Price at the start, around which it stays.
        price_digits: Decimals of a price; the tick size is 10 to the minus this.
        quantity: Median quantity of a trade.
        quantity_digits: Decimals of a quantity.
        volatility: Standard deviation of its own log return over one second.
        beta: Its share in the returns of the market as a whole.
    """

    symbol: str
    exchange: str
    price: float
    price_digits: int
    quantity: float
    quantity_digits: int
    volatility: float
    beta: float


NAMED = (
    Instrument("BTCUSDT", "BINANCE", 97_000, 2, 0.01, 5, 4e-5, 1.0),
    Instrument("ETHUSDT", "BINANCE", 3_300, 2, 0.2, 4, 5e-5, 1.2),
    Instrument("XRPUSDT", "BINANCE", 2.2, 4, 200, 1, 8e-5, 1.1),
    Instrument("SOLUSDT", "BINANCE", 190, 2, 2, 3, 7e-5, 1.3),
    Instrument("AAPL", "XNAS", 250, 2, 100, 0, 4e-5, 0.4),
    Instrument("EURUSD", "EBS", 1.04, 5, 100_000, 0, 1e-5, 0.05),
)


def listing(symbols: int, rng: np.random.Generator) -> list[Instrument]:
    """Return the named instruments and as many made-up ones as it takes, most active first."""
    made_up = max(symbols - len(NAMED), 0)
    prices = np.exp(rng.normal(3.5, 1.2, made_up))  # the middle half between 15 and 75
    volatilities = rng.uniform(3e-5, 1e-4, made_up)
    betas = rng.uniform(0.2, 1.2, made_up)
    return [
        *NAMED[:symbols],
        *(
            Instrument(f"SYM{number:05d}", "XSIM", price, 2, 100, 0, volatility, beta)
            for number, price, volatility, beta in zip(
                range(1, made_up + 1),
                prices.tolist(),
                volatilities.tolist(),
                betas.tolist(),
                strict=True,
            )
        ),
    ]


def activity(symbols: int) -> NDArray[np.float64]:
    """Return each symbol's share of the bursts of trades: few are busy, most are quiet."""
    weights: NDArray[np.float64] = np.arange(1, symbols + 1) ** -0.8
    weights /= weights.sum()
    return weights
