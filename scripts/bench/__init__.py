"""Benchmarks: how fast the job drains a topic, how fast the kernels are, how late a candle is."""
