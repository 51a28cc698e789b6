"""Sends Coinbase's trades to Kafka as they are made: ``python -m scripts.coinbase``."""

from typing import Annotated

import typer

from scripts.exchanges import options
from scripts.exchanges.coinbase import Coinbase
from scripts.sources.command import application, run
from scripts.sources.options import Batches, BootstrapServers, Compression, Partitions, Topic


def coinbase(
    symbols: Annotated[
        str, typer.Option(envvar="TAPELINE_COINBASE_SYMBOLS", help="Separated by commas.")
    ] = "BTC-USD,ETH-USD",
    url: Annotated[
        str,
        typer.Option(
            envvar="TAPELINE_COINBASE_URL",
            help="Of the feed; wss://ws-feed-public.sandbox.exchange.coinbase.com is another.",
        ),
    ] = "wss://ws-feed.exchange.coinbase.com",
    rest_url: Annotated[
        str,
        typer.Option(
            envvar="TAPELINE_COINBASE_REST_URL",
            help="Of the REST API that gaps are filled from; of the same exchange.",
        ),
    ] = "https://api.exchange.coinbase.com",
    topic: Topic = None,
    bootstrap_servers: BootstrapServers = None,
    partitions: Partitions = 3,
    compression: Batches = Compression.ZSTD,
    since_id: options.SinceId = None,
) -> None:
    """Send Coinbase's trades to Kafka as they are made, each once, until Ctrl-C.

    What a lost connection left out is fetched over REST.
    """
    adapter = Coinbase(
        symbols=options.symbols(symbols, r"[A-Z0-9]{1,15}-[A-Z0-9]{1,15}", "BTC-USD,ETH-USD"),
        url=options.address("url", url, "ws"),
        rest_url=options.address("rest-url", rest_url, "http"),
    )
    options.run(adapter, bootstrap_servers, topic, partitions, compression, since_id)


if __name__ == "__main__":
    run(application(coinbase), "coinbase")
