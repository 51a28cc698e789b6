"""The Java that Flink's scripts would choose, for the commands that we start ourselves."""

import shutil
from pathlib import Path

from scripts.stack.environment import java_home
from scripts.stack.errors import StackError
from scripts.stack.paths import KAFKA_JARS


def java() -> Path:
    """``java`` from JAVA_HOME, else from the PATH.

    Raises:
        StackError: There is none.
    """
    home = java_home()
    found = shutil.which("java", path=f"{home}/bin" if home else None)
    if not found:
        raise StackError("java is missing: install Java 17, or point JAVA_HOME at it")
    return Path(found)


def kafka_classpath() -> str:
    """The broker's jars and its tools'.

    Raises:
        StackError: Maven has not fetched them yet.
    """
    if not any(KAFKA_JARS.glob("kafka_*.jar")):
        raise StackError(f"no Kafka jars in {KAFKA_JARS}: run scripts/setup.sh")
    return f"{KAFKA_JARS}/*"
