"""What start.sh and stop.sh promise without a broker or a cluster."""

import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.stack.daemon import Daemon
from scripts.stack.environment import basic_environment
from scripts.stack.errors import PortTakenError, ProcessDiedError, StackError
from scripts.stack.local import LocalTapeline
from scripts.stack.package import package
from scripts.stack.paths import ROOT
from scripts.stack.ports import HOST, free_port, require_free
from scripts.stack.saved import SavedSettings
from scripts.stack.settings import StackSettings
from scripts.stack.totals import totals


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server((HOST, free_port())) as server:
        yield server.getsockname()[1]


def command(module: str, *arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    env = {f"TAPELINE_{name.upper()}": str(value) for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", f"scripts.stack.{module}", *arguments],
        env={**basic_environment(), **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_secrets_reach_the_service_and_what_starts_it_again_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TAPELINE_WEBHOOK_SECRETS", "desk=hidden-hidden-hidden")
    has: dict[str, bool] = {}

    def start(self: Daemon, _: object, env: dict[str, str], cwd: Path) -> None:
        has[self.name] = "hidden" in str(env)

    monkeypatch.setattr(Daemon, "start", start)
    settings = StackSettings(
        home=tmp_path, kafka_port=free_port(), api_port=free_port(), flink_port=free_port()
    )
    tapeline = LocalTapeline(settings)
    tapeline.generator.start()
    tapeline.keeper.start()
    with pytest.raises(ProcessDiedError):
        tapeline.api.start()
    with pytest.raises(ProcessDiedError):
        tapeline.broker.start()
    with pytest.raises(ProcessDiedError):
        tapeline.cluster.start()
    tapeline.cluster.taskmanager.start([], tapeline.cluster._environment(), tmp_path)
    assert has == {
        **dict.fromkeys(("generator", "kafka", "jobmanager", "taskmanager"), False),
        **dict.fromkeys(("api", "keeper"), True),
    }
    assert "hidden" not in str(tapeline.job_settings.environment())


def test_a_taken_port_is_said_with_its_holder_and_the_setting(taken_port: int) -> None:
    with pytest.raises(PortTakenError) as caught:
        require_free(taken_port, "Kafka", "TAPELINE_KAFKA_PORT")
    text = str(caught.value)
    assert f"port {taken_port} for Kafka is taken by process" in text
    assert "TAPELINE_KAFKA_PORT" in text


def test_taken_ports_are_all_said_before_anything_starts(tmp_path: Path, taken_port: int) -> None:
    with socket.create_server((HOST, free_port())) as second:
        run = command(
            "up",
            home=tmp_path,
            kafka_port=taken_port,
            flink_port=free_port(),
            api_port=second.getsockname()[1],
        )
    assert run.returncode == 1
    assert "TAPELINE_KAFKA_PORT" in run.stderr
    assert "TAPELINE_API_PORT" in run.stderr
    assert "TAPELINE_FLINK_PORT" not in run.stderr
    assert not (tmp_path / "run").exists()


def test_a_wrong_setting_is_named_and_nothing_starts(tmp_path: Path) -> None:
    run = command("up", home=tmp_path, partitions=0)
    assert run.returncode == 1
    assert "partitions" in run.stderr
    assert "Traceback" not in run.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_rule_of_alerts_is_said_and_nothing_starts(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("rules: [{name: my rule, kind: prise, threshold: 6}]")
    ports = {f"{name}_port": free_port() for name in ("kafka", "flink", "api")}
    run = command("up", home=tmp_path / "home", alerts_file=file, **ports)
    assert run.returncode == 1
    assert f"{file}: rule 'my rule': kind: expected one of price, " in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "home" / "run" / "settings.json").exists()
    assert not (tmp_path / "home" / "kafka").exists()


@pytest.mark.parametrize("named", [None, "", "rules.yaml"])
def test_job_and_service_get_the_file_of_alerts_that_is_named_or_else_the_default(
    named: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TAPELINE_ALERTS_FILE", raising=False)
    if named is not None:
        monkeypatch.setenv("TAPELINE_ALERTS_FILE", named)
    settings = StackSettings(home=tmp_path / "home")
    default = ROOT / "flink-conf" / "alerts.yaml"
    expected = {None: default, "": "", "rules.yaml": tmp_path / "rules.yaml"}[named]
    tapeline = LocalTapeline(settings)
    assert tapeline.job_settings.environment()["TAPELINE_ALERTS_FILE"] == str(expected)
    assert tapeline.api.settings["TAPELINE_ALERTS_FILE"] == str(expected)
    SavedSettings(settings.home).write(settings)
    assert SavedSettings(settings.home).read() == settings


def test_status_of_nothing_is_not_well(tmp_path: Path) -> None:
    run = command("status", home=tmp_path)
    assert run.returncode == 1
    assert "scripts/start.sh" in run.stdout


def test_stop_of_nothing_is_well(tmp_path: Path) -> None:
    assert command("down", home=tmp_path).returncode == 0


def test_clean_deletes_what_is_ours_and_nothing_else(tmp_path: Path) -> None:
    for name in ("kafka", "flink", "logs", "run", "photos"):
        (tmp_path / name).mkdir()
    assert command("down", "--clean", home=tmp_path).returncode == 0
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["photos"]


def test_settings_are_remembered(tmp_path: Path) -> None:
    settings = StackSettings(home=tmp_path, kafka_port=19_092, parallelism=1)
    saved = SavedSettings(tmp_path)
    assert saved.read() is None
    saved.write(settings)
    assert saved.read() == settings


def test_what_runs_keeps_its_settings(tmp_path: Path) -> None:
    saved = SavedSettings(tmp_path)
    saved.write(StackSettings(home=tmp_path, kafka_port=19_092))
    saved.require_same(StackSettings(home=tmp_path, kafka_port=19_092))
    with pytest.raises(StackError, match="TAPELINE_KAFKA_PORT is 19093, it runs with 19092"):
        saved.require_same(StackSettings(home=tmp_path, kafka_port=19_093))


def test_no_two_components_share_a_port() -> None:
    with pytest.raises(ValueError, match="a port of its own"):
        StackSettings(kafka_port=8_000, api_port=8_000)


def test_the_package_holds_the_code_and_its_compiled_kernels(tmp_path: Path) -> None:
    with zipfile.ZipFile(package(tmp_path / "code.zip")) as archive:
        names = set(archive.namelist())
    assert {"jobs/market.py", "udfs/candles.py"} <= names
    assert any(name.endswith(".nbi") for name in names)
    assert {Path(name).parts[0] for name in names} == {"jobs", "udfs"}


def test_totals_add_up_runs_and_checks(tmp_path: Path) -> None:
    (tmp_path / "style.passed").touch()
    (tmp_path / "types.failed").touch()
    suite = '<testsuites><testsuite tests="10" skipped="2" failures="1" errors="1"/></testsuites>'
    (tmp_path / "unit.xml").write_text(suite)
    assert totals(tmp_path) == (7, 3)


def test_kafka_tools_without_a_name_show_how_to_call_them() -> None:
    run = subprocess.run([ROOT / "scripts/kafka.sh"], capture_output=True, text=True)
    assert run.returncode == 2
    assert "console-consumer" in run.stdout
