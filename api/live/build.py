"""The hub and its seats, as the settings want them."""

from api.live.channels import Kind
from api.live.limits import Limits
from api.settings import Settings


def limits(settings: Settings) -> Limits:
    """What clients may take."""
    return Limits(
        clients=settings.stream_max_clients,
        clients_of_one=settings.stream_max_per_address,
        symbols=settings.stream_max_symbols,
        log_updates=settings.stream_log_updates,
        log_bytes=settings.stream_log_bytes,
        queue_messages=settings.stream_queue_messages,
        queue_bytes=settings.stream_queue_bytes,
        heartbeat_ms=settings.stream_heartbeat_ms,
        stall_ms=settings.stream_stall_ms,
    )


def kinds(settings: Settings) -> dict[str, Kind]:
    """What each topic holds that is streamed."""
    found: dict[str, Kind] = {
        settings.candles_topic: "candles",
        settings.indicators_topic: "indicators",
        settings.order_flow_topic: "order_flow",
        settings.trends_topic: "trends",
        settings.anomalies_topic: "anomalies",
        settings.quality_topic: "quality",
        settings.book_topic: "book",
    }
    if settings.alerts_file:
        found[settings.alerts_topic] = "alerts"
    return found
