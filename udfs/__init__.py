"""The mathematics of Tapeline: pure numpy, pandas and numba, nothing of Flink (but for flink.py)."""
