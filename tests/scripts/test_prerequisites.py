"""scripts/setup.sh says all that is missing, at once, and does nothing before."""

import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.stack.paths import ROOT

TOOLS = ["awk", "bash", "cat", "cmp", "cp", "df", "dirname", "head", "mkdir", "rm", "sed", "tail"]
JAVA = sorted((ROOT / "flink-conf/src/main/java/io/tapeline").glob("*.java"))
JARS_MADE_OF = ["flink-conf/pom.xml", *(str(file.relative_to(ROOT)) for file in JAVA)]
FILES = ["scripts/common.sh", "scripts/setup.sh", "requirements.lock", *JARS_MADE_OF]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clean checkout, as far as this script looks."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what every system has, and nothing else, to be the PATH."""
    folder = tmp_path_factory.mktemp("bin")
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (folder / tool).symlink_to(found)
    return folder


def add(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!{shutil.which('bash')}\n{script}\n")
    (folder / name).chmod(0o755)


def setup(checkout: Path, programs: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [programs / "bash", checkout / "scripts/setup.sh"],
        env={"PATH": str(programs), "HOME": str(checkout), **env},
        cwd="/",
        capture_output=True,
        text=True,
    )


def test_all_that_is_missing_is_said_at_once(checkout: Path, programs: Path) -> None:
    before = sorted(checkout.rglob("*"))
    run = setup(checkout, programs)
    assert run.returncode == 1
    missing = [line for line in run.stderr.splitlines() if line.startswith("  - ")]
    assert [line.split()[1] for line in missing[:4]] == ["Python", "Java", "Maven,", "javac,"]
    assert sorted(checkout.rglob("*")) == before


def test_another_python_is_not_enough(checkout: Path, programs: Path) -> None:
    add(programs, "python3", "exit 1")  # as 3.12 answers the question whether it is 3.11
    assert "Python 3.11" in setup(checkout, programs).stderr


def test_python_3_11_without_venv_is_told_apart(checkout: Path, programs: Path) -> None:
    add(programs, "python3", "[[ $2 != *ensurepip* ]]")
    stderr = setup(checkout, programs).stderr
    assert "install python3.11-venv" in stderr
    assert "PyFlink needs" not in stderr


@pytest.mark.parametrize(
    ("answer", "accepted"),
    [
        ('openjdk version "17.0.15" 2025-04-15', True),
        ('openjdk version "21" 2023-09-19', True),
        ('openjdk version "11.0.2" 2019-01-15', False),
        ('java version "1.8.0_402"', False),
    ],
)
def test_java_counts_from_17(checkout: Path, programs: Path, answer: str, accepted: bool) -> None:
    add(programs, "java", f"echo '{answer}' >&2")
    assert ("Java 17 or newer" not in setup(checkout, programs).stderr) is accepted


def test_maven_is_not_needed_when_the_jars_are_there(checkout: Path, programs: Path) -> None:
    jars = checkout / "flink-conf" / "jars"
    jars.mkdir()
    made_of = [(checkout / name).read_text() for name in JARS_MADE_OF]
    (jars / "installed").write_text("".join(made_of))
    assert "Maven" not in setup(checkout, programs).stderr


def test_a_changed_operator_is_compiled_again(checkout: Path, programs: Path) -> None:
    test_maven_is_not_needed_when_the_jars_are_there(checkout, programs)
    (checkout / JARS_MADE_OF[1]).write_text("// another")
    assert "javac" in setup(checkout, programs).stderr


def test_java_home_goes_before_the_path(checkout: Path, programs: Path) -> None:
    add(programs, "java", """echo 'openjdk version "11.0.2" 2019-01-15' >&2""")
    home = checkout / "jdk"
    (home / "bin").mkdir(parents=True)
    add(home / "bin", "java", """echo 'openjdk version "17.0.1" 2021-10-19' >&2""")
    assert "Java" not in setup(checkout, programs, JAVA_HOME=str(home)).stderr
