"""Compiles the numba kernels before the job is shipped: ``python -m scripts.stack.kernels``.

A worker unpacks the shipped code into a folder with a random name, and numba's caches go by the
folder: each worker would compile every kernel again, for half a minute, at each start. Compiled
kernels that lie beside the code, in ``__pycache__``, are found wherever the code is unpacked.
"""

import ast
import functools
import importlib
import os
import pkgutil
import subprocess
from multiprocessing import Process
from pathlib import Path
from subprocess import PIPE

import udfs
from scripts.stack.environment import basic_environment
from scripts.stack.errors import StackError
from scripts.stack.paths import PYTHON, ROOT

UDFS = Path(udfs.__path__[0])
MOST_PROCESSES = 4  # each takes 300 MB


@functools.cache
def compile_kernels() -> None:
    """Compile what is not compiled yet, in a process of its own; once is enough.

    In its own process because numba takes a second and 100 MB to import.

    Raises:
        StackError: They do not compile; the text has Python's own words.
    """
    # Without NUMBA_CACHE_DIR, which would send the compiled kernels elsewhere.
    command = [str(PYTHON), "-m", "scripts.stack.kernels"]
    run = subprocess.run(command, cwd=ROOT, env=basic_environment(), stderr=PIPE, text=True)
    if run.returncode:
        raise StackError(f"the kernels in udfs/ do not compile:\n{run.stderr}")


def main() -> None:
    """Call the ``warm_up()`` of every module that has one."""
    drop_stale(UDFS)
    # The declarations for Flink hold no kernel, and importing Flink takes seconds.
    modules = [each.name for each in pkgutil.iter_modules(udfs.__path__) if each.name != "flink"]
    if _is_stale():
        # Side by side: it is a minute and a half of one processor. What two of them compile at the
        # same time may be missing from the cache: the pass below finds that.
        count = min(os.cpu_count() or 1, MOST_PROCESSES)
        shares = [Process(target=_warm_up, args=(modules[n::count],)) for n in range(count)]
        for share in shares:
            share.start()
        for share in shares:
            share.join()
    _warm_up(modules)


def drop_stale(folder: Path) -> None:
    """Delete what was compiled of a package's modules before one that they import changed.

    A compiled kernel has the kernels that it calls in it, also those of other modules. But numba
    looks at the source of the module alone, and would go on with what they were.
    """
    imported = {file.stem: _imported(file, folder.name) for file in folder.glob("*.py")}
    for module in imported:
        reached, left = set[str](), {module}
        while left:
            reached |= left
            left = set().union(*(imported[each] for each in left)) & imported.keys() - reached
        newest = max((folder / f"{each}.py").stat().st_mtime for each in reached)
        compiled = list((folder / "__pycache__").glob(f"{module}.*.nb[ic]"))
        if any(file.stat().st_mtime < newest for file in compiled):
            for file in compiled:
                file.unlink(missing_ok=True)


def _imported(file: Path, package: str) -> set[str]:
    """What a source imports of its package."""
    found = set[str]()
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module:
            root, _, module = node.module.partition(".")
            if root == package:
                found |= {module} if module else {name.name for name in node.names}
    return found


def _is_stale() -> bool:
    """Whether a source is newer than all that was compiled; only a guess at what is to do."""
    times = {suffix: [0.0] for suffix in (".py", ".nbi")}
    for file in UDFS.rglob("*"):
        if file.suffix in times:
            times[file.suffix].append(file.stat().st_mtime)
    return max(times[".py"]) > max(times[".nbi"])


def _warm_up(modules: list[str]) -> None:
    for name in modules:
        warm_up = getattr(importlib.import_module(f"udfs.{name}"), "warm_up", None)
        if warm_up:
            warm_up()


if __name__ == "__main__":
    main()
