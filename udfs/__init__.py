"""The mathematics of Tapeline: numpy, pandas and numba, nothing of Flink (but for flink.py)."""
