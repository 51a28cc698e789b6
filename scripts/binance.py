"""Sends Binance's trades to Kafka as they are made: ``python -m scripts.binance``."""

from enum import StrEnum
from typing import Annotated

import typer

from scripts.exchanges import options
from scripts.exchanges.binance import Binance
from scripts.sources.command import application, run
from scripts.sources.options import Batches, BootstrapServers, Compression, Partitions, Topic


class Stream(StrEnum):
    """What is sent."""

    TRADE = "trade"
    AGG_TRADE = "aggTrade"


def binance(
    symbols: Annotated[
        str, typer.Option(envvar="TAPELINE_BINANCE_SYMBOLS", help="Separated by commas.")
    ] = "BTCUSDT,ETHUSDT,XRPUSDT",
    stream: Annotated[
        Stream,
        typer.Option(help="Every trade; or those of one taker at one price as one."),
    ] = Stream.TRADE,
    url: Annotated[
        str,
        typer.Option(
            envvar="TAPELINE_BINANCE_URL",
            help="Of the streams; wss://stream.binance.us:9443 and "
            "wss://stream.testnet.binance.vision are others.",
        ),
    ] = "wss://stream.binance.com:9443",
    rest_url: Annotated[
        str,
        typer.Option(
            envvar="TAPELINE_BINANCE_REST_URL",
            help="Of the REST API that gaps are filled from; of the same exchange.",
        ),
    ] = "https://api.binance.com",
    # Whoever lists the processes of a machine reads options, so the key has none that is shown.
    api_key: Annotated[str, typer.Option(envvar="TAPELINE_BINANCE_API_KEY", hidden=True)] = "",
    topic: Topic = None,
    bootstrap_servers: BootstrapServers = None,
    partitions: Partitions = 3,
    compression: Batches = Compression.ZSTD,
    since_id: options.SinceId = None,
) -> None:
    """Send Binance's trades to Kafka as they are made, each once, until Ctrl-C.

    What a lost connection left out is fetched over REST. Where the host wants a key for that, it
    is taken from TAPELINE_BINANCE_API_KEY.
    """
    adapter = Binance(
        symbols=options.symbols(symbols, r"[A-Z0-9._-]{1,32}", "BTCUSDT,ETHUSDT"),
        stream=stream.value,
        base_url=options.address("url", url, "ws"),
        rest_url=options.address("rest-url", rest_url, "http"),
        api_key=api_key,
    )
    options.run(adapter, bootstrap_servers, topic, partitions, compression, since_id)


if __name__ == "__main__":
    run(application(binance), "binance")
