"""What Prometheus may ask of the streams."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class LiveMetrics:
    """Metrics of streams, in the service's registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.clients = Gauge(
            "tapeline_api_stream_clients", "Open streams", ["transport"], registry=registry
        )
        self.refused = Counter(
            "tapeline_api_stream_refused",
            "Streams that were not opened because there were too many",
            registry=registry,
        )
        self.deliveries = Counter(
            "tapeline_api_stream_deliveries",
            "Updates handed to clients, one for each client that gets it",
            registry=registry,
        )
        self.cut_off = Counter(
            "tapeline_api_stream_cut_off",
            "Clients cut off because they did not read fast enough",
            registry=registry,
        )
        self.gaps = Counter(
            "tapeline_api_stream_gaps",
            "Times that a client missed updates and got a snapshot instead",
            registry=registry,
        )
        self.lag = Histogram(
            "tapeline_api_stream_lag_seconds",
            "Time from an update's arrival from Kafka until all clients' queues have it",
            registry=registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
        )
        self.log_updates = Gauge(
            "tapeline_api_stream_log_updates",
            "Updates kept for clients that come back",
            registry=registry,
        )
        self.log_bytes = Gauge(
            "tapeline_api_stream_log_bytes", "Bytes of memory of these, about", registry=registry
        )
