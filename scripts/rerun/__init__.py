"""Runs the past again: a time range of the input, and what was rejected of it."""
