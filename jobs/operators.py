"""Names and uids of the operators: what the web UI shows, and what finds their state again.

The SQL planner numbers its operators (``Calc[21]``), and the numbers change with every query that
does. What matters of a description is its kind.
"""

import re
from collections.abc import Iterator
from typing import Any

from pyflink.datastream import StreamExecutionEnvironment

_NAMES = (
    (r"TableSourceScan\(table=\[\[\*anonymous", "to table"),
    (r"TableSourceScan\(table=\[\[\w+, \w+, (\w+)", r"\1"),
    (r"PythonCalc\(.*decode_records\(", "decode"),
    (r"Correlate\(.*\.pieces", "unnest pieces"),
    (r"Correlate\(", "call the shards of before"),
    (r"SinkConversion|TableToDataStream", "to stream"),
    (r"Calc\(", "select"),
)
"""What a description begins with, and the name; the first that matches counts."""
_MANY = frozenset({"to table", "to stream", "select"})
"""Names of operators without state, of which there are several."""


def name_operators(env: StreamExecutionEnvironment) -> None:
    """Gives the operators that the planner made names that read well, and uids.

    Args:
        env: That of the job, which is built.

    Raises:
        ValueError: two operators with state would have the same uid.
    """
    uids: set[str] = set()
    for transformation in _transformations(env):
        name = name_of(transformation.getDescription() or "")
        if name is None:
            continue
        transformation.setName(name)
        if name not in _MANY:
            if name in uids:
                raise ValueError(f"two operators are named {name!r}")
            uids.add(name)
            transformation.setUid(name.replace(" ", "-"))


def name_of(description: str) -> str | None:
    """The name of the operator that the planner describes so; None if it is of no known kind."""
    kind = re.sub(r"^\[\d+\]:", "", description)
    for pattern, name in _NAMES:
        if found := re.match(pattern, kind, re.DOTALL):
            return found.expand(name)
    return None


def _transformations(env: StreamExecutionEnvironment) -> Iterator[Any]:
    """Each transformation once, with what it reads from before it."""
    seen = set()
    waiting = list(env._j_stream_execution_environment.getTransformations())
    while waiting:
        transformation = waiting.pop()
        if transformation.getId() not in seen:
            seen.add(transformation.getId())
            waiting.extend(transformation.getInputs())
            yield transformation
