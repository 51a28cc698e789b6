"""What each part of the project may know of the others, read from its source."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FRAMEWORKS = {"pyflink", "py4j"}
MATHEMATICS = {"numpy", "numba", "pandas", "pyarrow", "math", "scipy"}


def sources(package: str) -> list[Path]:
    found = sorted(
        file for file in (ROOT / package).rglob("*.py") if "node_modules" not in file.parts
    )
    assert found
    return found


def files(*packages: str) -> list[str]:
    """Their sources, as parameters with readable names."""
    return [str(file.relative_to(ROOT)) for package in packages for file in sources(package)]


def nodes(file: str) -> Iterator[ast.AST]:
    return ast.walk(ast.parse((ROOT / file).read_text()))


def imports(file: str) -> set[str]:
    """All modules that are imported, wherever in the file."""
    found = set()
    for node in nodes(file):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 or is_of_client(file), f"{file} imports relatively"
            module = str(node.module) if node.level == 0 else around(file, node)
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


def is_of_client(file: str) -> bool:
    return file.startswith("api/client/")


def around(file: str, node: ast.ImportFrom) -> str:
    """The whole name of what is imported relatively."""
    parts = file.split("/")[: -node.level]
    return ".".join([*parts, node.module] if node.module else parts)


def packages(file: str) -> set[str]:
    return {module.partition(".")[0] for module in imports(file)}


@pytest.mark.parametrize("file", [each for each in files("udfs") if each != "udfs/flink.py"])
def test_the_mathematics_know_no_flink(file: str) -> None:
    assert packages(file).isdisjoint(FRAMEWORKS | {"jobs", "api"})
    assert "udfs.flink" not in imports(file)


@pytest.mark.parametrize("file", [each for each in files("api") if is_of_client(each)])
def test_the_client_knows_nothing_of_the_service_but_its_records(file: str) -> None:
    """It is installed without the service, by another name: hence its imports are relative."""
    ours = {each for each in imports(file) if each.partition(".")[0] == "api"}
    assert not [
        each for each in ours if not each.startswith(("api.client", "api.records", "api.backoff"))
    ]
    for node in nodes(file):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            assert str(node.module).partition(".")[0] != "api"


@pytest.mark.parametrize("file", files("api"))
def test_the_service_knows_topics_only(file: str) -> None:
    assert packages(file).isdisjoint(FRAMEWORKS | {"jobs", "udfs"})


@pytest.mark.parametrize("file", files("jobs"))
def test_the_jobs_are_wiring_without_mathematics(file: str) -> None:
    assert packages(file).isdisjoint(MATHEMATICS | {"api"})


@pytest.mark.parametrize("file", files("jobs", "udfs", "api"))
def test_what_runs_needs_no_scripts_and_no_tests(file: str) -> None:
    assert packages(file).isdisjoint({"scripts", "tests"})


@pytest.mark.parametrize(
    "file",
    [
        each
        for each in files("jobs", "udfs", "api")
        if Path(each).name not in ("settings.py", "environment.py")
    ],
)
def test_the_environment_is_read_by_settings_alone(file: str) -> None:
    readers = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
    attributes = {node.attr for node in nodes(file) if isinstance(node, ast.Attribute)}
    assert readers.isdisjoint(attributes)
    assert {f"os.{name}" for name in readers}.isdisjoint(imports(file))


def test_importing_the_jobs_submits_nothing() -> None:
    modules = [file.removesuffix(".py").replace("/", ".") for file in files("jobs")]
    # What would start is the gateway: without its JVM there is no environment and no job.
    program = f"""
import importlib
from pyflink import java_gateway

for name in {modules!r}:
    importlib.import_module(name)
assert java_gateway._gateway is None, "an import started a JVM"
"""
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
