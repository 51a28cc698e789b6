"""A local Tapeline: the broker, the cluster and the processes around them, started and stopped.

``scripts/start.sh``, the system tests and the benchmarks all use these classes, so that what is
tested and measured is what is started.
"""
