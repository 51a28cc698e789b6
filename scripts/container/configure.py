"""Writes Flink's configuration into the image: ``python -m scripts.container.configure FOLDER``.

It is the same template that a local cluster gets. What differs between the containers, their
addresses above all, stands in docker-compose.yml as ``-D`` options, which go before it.
"""

import sys
from pathlib import Path
from string import Template

from scripts.stack.paths import FLINK_CONF, PYTHON

STATE = Path("/data/flink")  # a volume that JobManager, TaskManager and submit share
VALUES = {
    "rest_port": 8081,
    "rpc_port": 6123,
    "slots": 2,
    "memory": "4g",
    "managed_memory": "512m",
    "python": PYTHON,
    "state": STATE,
    "temporary": "/tmp",
    "metrics": "{}",
}


def main(folder: Path) -> None:
    """Write ``config.yaml`` into the folder."""
    template = Template((FLINK_CONF / "config.yaml").read_text())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(template.substitute(VALUES))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
