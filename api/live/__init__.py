"""Live streams: what comes over Kafka, pushed to clients by SSE and WebSocket."""
