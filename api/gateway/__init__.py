"""What comes in over HTTP and goes to Kafka: uploads of trades, and hooks."""
