"""The job's code as one file that Flink ships to its workers."""

import zipfile
from pathlib import Path

from scripts.stack.paths import ROOT

_PACKAGES = ("jobs", "udfs")


def package(target: Path) -> Path:
    """Write the code of the jobs and their mathematics to ``target``, a zip; returns it.

    Equal code gives equal bytes, so that Flink's caches and people's eyes see no change.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for source in sorted(s for name in _PACKAGES for s in (ROOT / name).rglob("*.py")):
            entry = zipfile.ZipInfo(str(source.relative_to(ROOT)))
            archive.writestr(entry, source.read_bytes(), zipfile.ZIP_DEFLATED)
    return target
