"""Where things are in the checkout."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLINK_CONF = ROOT / "flink-conf"
FLINK_JARS = FLINK_CONF / "jars" / "flink"
KAFKA_JARS = FLINK_CONF / "jars" / "kafka"

# The interpreter as it was called, not what its link leads to: the link is what makes it a venv.
PYTHON = Path(sys.executable)
