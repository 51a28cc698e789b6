"""The job's code as one file that Flink ships to its workers."""

import zipfile
from pathlib import Path

from scripts.stack.kernels import compile_kernels
from scripts.stack.paths import ROOT

_PACKAGES = ("jobs", "udfs")
_SUFFIXES = (".py", ".nbi", ".nbc")


def package(target: Path) -> Path:
    """Write the jobs, their mathematics and the compiled kernels to ``target``, a zip; returns it.

    Equal code gives equal bytes.
    """
    compile_kernels()
    target.parent.mkdir(parents=True, exist_ok=True)
    files = (file for name in _PACKAGES for file in (ROOT / name).rglob("*"))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(file for file in files if file.suffix in _SUFFIXES):
            # An entry of this making bears no time.
            entry = zipfile.ZipInfo(str(file.relative_to(ROOT)))
            archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return target
