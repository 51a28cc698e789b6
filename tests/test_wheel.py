"""What is installed where there is no checkout: the client, by its own name."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts.stack.paths import ROOT


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(made)],
        cwd=ROOT, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    (wheel,) = made.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(made / "installed")
    return made / "installed"


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_nothing_but_the_client_is_in_it(folder: Path) -> None:
    tops = {each.name for each in folder.iterdir()}
    assert tops == {"tapeline", "tapeline-0.1.0.dist-info"}
    assert {each.name for each in (folder / "tapeline").iterdir()} == {
        *("client", "records.py", "backoff.py"),
    }
    assert (folder / "tapeline" / "client" / "py.typed").exists()


def test_it_works_without_the_checkout(folder: Path) -> None:
    found = python(folder, "-c", "import tapeline.client as c; print(c.Client, c.__file__)")
    assert found.returncode == 0, found.stderr
    assert str(folder) in found.stdout


def test_it_has_the_command(folder: Path) -> None:
    points = (folder / "tapeline-0.1.0.dist-info" / "entry_points.txt").read_text()
    assert "tapeline = tapeline.client.command.app:main" in points
    found = python(folder, "-m", "tapeline.client", "--help")
    assert found.returncode == 0, found.stderr
    assert "watch" in found.stdout
