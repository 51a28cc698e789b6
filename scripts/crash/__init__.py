"""Crashes on purpose, and whether anybody can tell from the candles."""
