"""A made-up market: instruments, their prices, the messages of their trades, and the faults."""
