"""Compiles the numba kernels before the job is shipped: ``python -m scripts.stack.kernels``.

A worker unpacks the shipped code into a folder with a random name, and numba's caches go by the
folder: each worker would compile every kernel again, for half a minute, at each start. Compiled
kernels that lie beside the code, in ``__pycache__``, are found wherever the code is unpacked.
"""

import functools
import importlib
import pkgutil
import subprocess
from subprocess import PIPE

import udfs
from scripts.stack.environment import basic_environment
from scripts.stack.errors import StackError
from scripts.stack.paths import PYTHON, ROOT


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
    for module in pkgutil.iter_modules(udfs.__path__):
        # The declarations for Flink hold no kernel, and importing Flink takes seconds.
        if module.name != "flink":
            warm_up = getattr(importlib.import_module(f"udfs.{module.name}"), "warm_up", None)
            if warm_up:
                warm_up()


if __name__ == "__main__":
    main()
