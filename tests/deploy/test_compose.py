"""What can be known of the images and the compose file without a Docker engine."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from api.settings import Settings as ApiSettings
from jobs.settings import Settings as JobSettings
from scripts import generator
from scripts.container import configure, submit
from scripts.stack.settings import StackSettings

ROOT = Path(__file__).parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = {"topics", "submit"}
PINNED = re.compile(r"[\w./-]+:\d+\.\d+\.\d+(-[\w.-]+)?")


def instructions() -> Iterator[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments, continued lines put together."""
    text = (ROOT / "Dockerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, rest = line.partition(" ")
        yield name, rest


def stages() -> dict[str, list[tuple[str, str]]]:
    """The instructions of each stage, by its name; FROM comes first."""
    stages: dict[str, list[tuple[str, str]]] = {}
    for name, rest in instructions():
        if name == "FROM":
            current = stages.setdefault(rest.split(" AS ")[1], [])
        current.append((name, rest))
    return stages


def variables() -> set[tuple[str, str]]:
    """Every ``${TAPELINE_...:-default}`` of the compose file, as (name, default)."""
    return set(re.findall(r"\$\{(TAPELINE_\w+):-([^}]*)\}", COMPOSE_FILE.read_text()))


def defaults() -> dict[str, Any]:
    """Every setting's default, by the name of its environment variable."""
    settings: tuple[type[BaseSettings], ...] = (JobSettings, ApiSettings, StackSettings)
    return {
        f"TAPELINE_{name.upper()}": field.default
        for model in settings
        for name, field in model.model_fields.items()
    }


def test_the_services_are_the_parts_of_tapeline() -> None:
    parts = {"kafka", "topics", "jobmanager", "taskmanager", "submit", "api", "generator"}
    assert set(SERVICES) == parts


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_restarted_and_bounded_in_memory(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == ("on-failure" if name in ONE_SHOT else "unless-stopped")
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ONE_SHOT - {"generator"}))
def test_every_server_has_a_health_check(name: str) -> None:
    assert {"test", "interval", "timeout", "retries"} <= SERVICES[name]["healthcheck"].keys()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_a_condition_that_can_come(name: str) -> None:
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        if wait["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        else:
            assert wait["condition"] == "service_completed_successfully"
            assert other in ONE_SHOT


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_or_built_from_a_stage(name: str) -> None:
    service = SERVICES[name]
    assert PINNED.fullmatch(service["image"])
    if "build" in service:
        assert service["build"]["target"] in stages()


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_bound_to_the_loopback_interface(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:${TAPELINE_")


@pytest.mark.parametrize("name", SERVICES)
def test_named_volumes_exist(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        assert volume.split(":")[0] in COMPOSE["volumes"]


def test_checkpoints_lie_in_a_volume_that_all_of_flink_shares() -> None:
    for name in ("jobmanager", "taskmanager", "submit"):
        assert f"flink:{configure.STATE}" in SERVICES[name]["volumes"]


def test_every_variable_is_a_setting_with_the_same_default() -> None:
    def text(default: Any) -> str:
        if isinstance(default, tuple):
            return ",".join(default)
        return f"{default:g}" if isinstance(default, float) else str(default)

    known = defaults()
    assert len(variables()) >= 10
    for name, default in variables():
        assert default == text(known[name]), name


@pytest.mark.parametrize(
    ("service", "settings", "fixed"),
    [
        ("submit", JobSettings, set()),
        # Inside the container these two are the image's; the port outside is a port mapping.
        ("api", ApiSettings, {"TAPELINE_API_HOST", "TAPELINE_API_PORT"}),
    ],
)
def test_every_setting_is_handed_on(
    service: str, settings: type[BaseSettings], fixed: set[str]
) -> None:
    names = {f"TAPELINE_{name.upper()}" for name in settings.model_fields}
    assert SERVICES[service]["environment"].keys() == names - fixed


@pytest.mark.parametrize("secret", ["WEBHOOK_SECRETS", "SESSION_SECRET"])
def test_the_service_alone_has_its_secrets(secret: str) -> None:
    has = [name for name, each in SERVICES.items() if secret in str(each)]
    assert has == ["api"]


def test_anyone_may_ask_the_service_because_its_port_is_on_the_loopback_interface() -> None:
    assert SERVICES["api"]["environment"]["TAPELINE_API_ACCESS"] == "${TAPELINE_API_ACCESS-anyone}"
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["api"]["ports"])
    image = str(stages()["api"])
    assert "TAPELINE_API_HOST=0.0.0.0" in image
    assert "TAPELINE_API_ACCESS" not in image, "an image may be run with any port open"


@pytest.mark.parametrize("name", ["submit", "api", "generator"])
def test_settings_without_a_value_are_the_users(name: str) -> None:
    environment = dict(SERVICES[name]["environment"])
    assert environment.pop("TAPELINE_BOOTSTRAP_SERVERS") == "kafka:19092"
    environment.pop("TAPELINE_ALERTS_FILE", None)
    environment.pop("TAPELINE_API_ACCESS", None)
    assert environment.keys() <= defaults().keys()
    assert set(environment.values()) == {None}


def test_the_rules_of_alerts_are_those_of_the_checkout_unless_there_are_to_be_none() -> None:
    value = SERVICES["submit"]["environment"]["TAPELINE_ALERTS_FILE"]
    folder = next(rest for name, rest in stages()["runtime"] if name == "WORKDIR")
    default = StackSettings.model_fields["alerts_file"].default.relative_to(ROOT)
    assert value == f"${{TAPELINE_ALERTS_FILE-{folder}/{default}}}"
    for stage in ("flink", "api"):
        copied = [rest.split() for name, rest in stages()[stage] if name == "COPY"]
        kept = {path for *sources, target in copied for path in sources if path == target}
        assert kept & {str(default), str(default.parent)}, stage


def test_the_broker_advertises_the_name_that_the_containers_use() -> None:
    advertised = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    assert "INTERNAL://kafka:19092" in advertised


def test_the_broker_is_configured_as_the_local_one() -> None:
    lines = (ROOT / "flink-conf" / "kafka.properties").read_text().splitlines()
    local = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    environment = SERVICES["kafka"]["environment"]
    shared = {
        name: environment[f"KAFKA_{name.upper().replace('.', '_')}"]
        for name in local
        if f"KAFKA_{name.upper().replace('.', '_')}" in environment and "${" not in local[name]
    }
    different = {"controller.quorum.voters"}
    assert len(shared) > 10
    for name in shared.keys() - different:
        assert str(shared[name]) == local[name], name


def test_the_generator_takes_its_arguments() -> None:
    command = SERVICES["generator"]["command"]
    arguments = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", command).split()[3:]
    assert generator.options(arguments).rate == StackSettings.model_fields["generator_rate"].default


@pytest.mark.parametrize("target", ["api", "flink"])
def test_images_do_not_run_as_root(target: str) -> None:
    users = [rest for name, rest in stages()[target] if name == "USER"]
    assert users
    assert int(users[-1]) > 0


def test_every_stage_builds_on_a_pinned_image_or_another_stage() -> None:
    names = stages()
    for stage in names.values():
        image = stage[0][1].split(" AS ")[0]
        assert image in names or PINNED.fullmatch(image)


def test_every_copied_file_exists_and_is_sent_to_the_build() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    for name, rest in instructions():
        if name != "COPY":
            continue
        *sources, _ = rest.split()
        if sources[0].startswith("--from="):
            assert sources[0].removeprefix("--from=") in stages()
            continue
        for source in sources:
            assert (ROOT / source).exists(), source
            assert source.split("/")[0] in sent, source


def test_the_images_have_all_that_their_programs_import(tmp_path: Path) -> None:
    """Those of the API's image, which gets some of the checkout only."""
    for name, rest in stages()["api"]:
        *sources, target = rest.split()
        if name == "COPY" and not sources[0].startswith("--from="):
            for source in sources:
                to = tmp_path / (target + Path(source).name if target.endswith("/") else target)
                to.parent.mkdir(parents=True, exist_ok=True)
                copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
                copy(ROOT / source, to)
    for module in ("api.__main__", "scripts.generator"):
        command = [sys.executable, "-c", f"import {module}"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr


def test_flinks_configuration_is_filled_in(tmp_path: Path) -> None:
    configure.main(tmp_path)
    config = yaml.safe_load((tmp_path / "config.yaml").read_text())
    assert config["rest"]["port"] == 8081
    assert config["execution"]["checkpointing"]["dir"] == f"file://{configure.STATE}/checkpoints"


@pytest.mark.parametrize("snapshot", [None, Path("/data/flink/checkpoints/1/chk-7")])
def test_the_job_goes_on_from_the_newest_snapshot(snapshot: Path | None) -> None:
    command = submit.command_line("jobmanager:8081", "2", Path("/tmp/code.zip"), snapshot)
    assert command[:3] == ["flink", "run", "--detached"]
    assert (f"file://{snapshot}" in command) == (snapshot is not None)
    assert Path(command[-1]).is_file()


def test_docker_accepts_the_compose_file() -> None:
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker compose is not installed")
    command = [docker, "compose", "-f", str(COMPOSE_FILE), "config", "--quiet"]
    assert subprocess.run(command, capture_output=True, text=True).stderr == ""


def test_hadolint_finds_nothing() -> None:
    hadolint = shutil.which("hadolint")
    if not hadolint:
        pytest.skip("hadolint is not installed")
    # Debian keeps one version of a package: a pinned one is gone with the next security update.
    command = [hadolint, "--ignore", "DL3008", str(ROOT / "Dockerfile")]
    assert subprocess.run(command, capture_output=True, text=True).stdout == ""
