"""Live trades of exchanges on their way to Kafka: one engine, and an adapter for each exchange."""
