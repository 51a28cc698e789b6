"""The service: one Kafka reader, one bounded store, REST and a page on top of them."""
