"""Files that one process writes while another may read them."""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a file, and its folder if need be; a reader has all of what was there, or of this."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text)
    beside.replace(path)
