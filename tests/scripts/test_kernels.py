"""Compiled kernels are those of the sources as they are."""

import os
from pathlib import Path

import pytest

from scripts.stack.kernels import UDFS, drop_stale
from udfs import messages

SOURCES = {
    "bits": "",
    "words": "from package.bits import one",
    "scanner": "from package import words, names",
    "names": "",
    "scanner_of_others": "",
}


@pytest.mark.parametrize(
    ("changed", "stale"),
    [
        ("bits", {"bits", "words", "scanner"}),
        ("words", {"words", "scanner"}),
        ("names", {"names", "scanner"}),
        ("scanner", {"scanner"}),
        ("scanner_of_others", {"scanner_of_others"}),
        (None, set()),
    ],
)
def test_what_calls_a_changed_kernel_is_compiled_again(
    changed: str | None, stale: set[str], tmp_path: Path
) -> None:
    folder = tmp_path / "package"
    (folder / "__pycache__").mkdir(parents=True)
    for module, source in SOURCES.items():
        (folder / f"{module}.py").write_text(source)
        os.utime(folder / f"{module}.py", (200, 200 if module == changed else 100))
        for number, end in enumerate(("nbi", "1.nbc", "pyc")):
            compiled = folder / "__pycache__" / f"{module}.scan-8.py311.{end}"
            compiled.touch()
            # One was compiled after the change, when another was found to be missing.
            os.utime(compiled, (0, 150 + 100 * (number == 0)))
    drop_stale(folder)
    left = {file.name.split(".")[0] for file in (folder / "__pycache__").glob("*.nb?")}
    assert left == SOURCES.keys() - stale
    assert len(list((folder / "__pycache__").glob("*.pyc"))) == len(SOURCES)


def test_kernels_are_found_where_numba_puts_them() -> None:
    messages.warm_up()  # of a kernel in ``udfs.texts``
    assert list((UDFS / "__pycache__").glob("texts.*.nbi"))
