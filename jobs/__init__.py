"""Flink jobs: each file reads top to bottom as one dataflow."""
