import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.metrics import Metrics
from api.settings import Settings
from api.webhooks.targets import AlertsFileError, read_targets
from api.webhooks.webhooks import Webhooks
from tests.api.harness import NOW, alert

ROOT = Path(__file__).parents[3]
RULES = "rules: [{name: price shock, kind: price, threshold: 6}, {name: gap, kind: gap}]\n"
DESK = "  - {name: desk, url: 'https://hooks.example.com/hidden?token=hidden'"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "alerts.yaml"


def test_targets_are_read_in_their_order(file: Path) -> None:
    file.write_text(
        RULES
        + "webhooks:\n"
        + DESK
        + ", rules: [gap]}\n  - {name: home, url: 'https://[2606:4700::1]:8443'}\n"
    )
    desk, home = read_targets(file)
    assert (desk.name, desk.host, desk.rules) == ("desk", "hooks.example.com", ["gap"])
    assert (home.name, home.host, home.rules) == ("home", "[2606:4700::1]", None)
    assert "hidden" not in repr(desk)
    assert [desk.wants(alert(rule=rule)) for rule in ("gap", "price shock")] == [True, False]
    assert home.wants(alert(rule="price shock"))


@pytest.mark.parametrize("text", ["", RULES, RULES + "webhooks:\n  # - name: desk\n", "rules:\n"])
def test_there_may_be_none(file: Path, text: str) -> None:
    file.write_text(text)
    assert read_targets(file) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: [", "this is not YAML in line 1: "),
        ("rules: [\x00]", "this is not YAML"),
        ("a: 2026-99-99", "this is not YAML"),
        ("- a", "Input should be a valid dictionary"),
        ("hooks: []", "hooks: Extra inputs are not permitted"),
        ("rules: [{kind: gap}]", "rules number 1 name: Field required"),
        (f"webhooks:\n{DESK}, rule: gap}}", "webhooks 'desk' rule: Extra inputs"),
        (f"webhooks:\n{DESK}, rules: gap}}", "webhooks 'desk' rules: Input should be a valid list"),
        (f"webhooks:\n{DESK}, rules: []}}", "webhooks 'desk' rules: List should have at least 1"),
        (f"webhooks:\n{DESK}, rules: [gip]}}", "webhook 'desk' wants rules that do not exist"),
        (f"webhooks:\n{DESK}}}\n{DESK}}}", "every webhook needs a name of its own, got ['desk']"),
        ("webhooks: [{name: Desk, url: 'https://a'}]", "'Desk' name: String should match pattern"),
        ("webhooks: [{name: 7, url: 'https://a'}]", "number 1 name: Input should be a valid"),
        ("webhooks: [{name: a}]", "webhooks 'a' url: Field required"),
        ("webhooks: [{name: a, url: hidden}]", "webhooks 'a' url: Input should be a valid URL"),
        ("webhooks: [{name: a, url: 'ftp://hidden'}]", "URL scheme should be 'http' or 'https'"),
        ("webhooks: [{name: a, url: 'http://hidden'}]", "url: expected https://; http:// needs"),
        ("webhooks: [{name: a, url: 'https://u:hidden@a'}]", "without user and password"),
        ("webhooks: [{name: a, url: 'https://hidden@a'}]", "without user and password"),
        ("webhooks: [{name: a, url: 'https://a/#hidden'}]", "without a fragment"),
    ],
)
def test_what_is_wrong_is_named_and_no_url_is_told(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(AlertsFileError) as caught:
        read_targets(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert message in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_http_will_do_where_private_addresses_do(file: Path) -> None:
    file.write_text("webhooks: [{name: a, url: 'http://127.0.0.1:8000/'}]")
    (target,) = read_targets(file, allow_private=True)
    assert target.host == "127.0.0.1"


def test_every_target_needs_a_secret(file: Path) -> None:
    file.write_text(
        f"webhooks:\n{DESK}}}\n  - {{name: home, url: 'https://a'}}\n"
        "  - {name: hut, url: 'https://b'}"
    )
    settings = Settings(alerts_file=str(file), webhook_secrets="home=hidden-hidden-hidden")
    with pytest.raises(AlertsFileError, match=r"there is none of desk, hut$"):
        Webhooks.build(settings, Metrics(), lambda: NOW)


def test_every_target_is_built_closed(file: Path) -> None:
    file.write_text(f"webhooks:\n{DESK}}}\n")
    settings = Settings(alerts_file=str(file), webhook_secrets="desk=hidden-hidden-hidden")
    metrics = Metrics()
    (status,) = Webhooks.build(settings, metrics, lambda: NOW).statuses()
    assert (status.name, status.host, status.breaker) == ("desk", "hooks.example.com", "closed")
    state = metrics.registry.get_sample_value("tapeline_api_webhook_breaker", {"target": "desk"})
    assert state == 0


def test_without_a_file_there_are_no_webhooks() -> None:
    assert Webhooks.build(Settings(), Metrics(), lambda: NOW).statuses() == []


def test_a_service_with_a_wrong_file_does_not_start_and_says_why(file: Path) -> None:
    environment = {**os.environ, "TAPELINE_ALERTS_FILE": str(file)}
    done = subprocess.run(
        [sys.executable, "-m", "api"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == f"{file}: No such file or directory\n"
