"""What real input comes through on its way to Kafka: each source is a client like any other."""
