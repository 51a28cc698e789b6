"""The files that a Flink cluster starts from: its configuration and its jars."""

import importlib.util
import shutil
from pathlib import Path
from string import Template

from scripts.stack.errors import StackError
from scripts.stack.paths import FLINK_CONF, FLINK_JARS


def flink_home() -> Path:
    """The Flink that pip brought, found without importing pyflink, which takes a second."""
    spec = importlib.util.find_spec("pyflink")
    if not spec or not spec.origin:
        raise StackError("apache-flink is not installed: run scripts/setup.sh")
    return Path(spec.origin).parent


def write_configuration(folder: Path, **values: object) -> None:
    """Write flink-conf/ to ``folder``, with ``values`` in the places that config.yaml leaves."""
    for properties in FLINK_CONF.glob("log4j*.properties"):
        shutil.copy(properties, folder)
    template = Template((FLINK_CONF / "config.yaml").read_text())
    (folder / "config.yaml").write_text(template.substitute(values))


def link_jars(folder: Path) -> None:
    """Link what is on Flink's class path: its own jars, PyFlink's and the connectors.

    Raises:
        StackError: Maven has not fetched the connectors yet.
    """
    connectors = list(FLINK_JARS.glob("*.jar"))
    if not connectors:
        raise StackError(f"no connector in {FLINK_JARS}: run scripts/setup.sh")
    home = flink_home()
    own = [*(home / "lib").glob("*.jar"), *(home / "opt").glob("flink-python-*.jar")]
    for jar in [*own, *connectors]:
        (folder / jar.name).symlink_to(jar)


def prometheus(port: int | None) -> str:
    """What makes Flink serve its metrics to Prometheus, as a YAML mapping in one line."""
    if port is None:
        return "{}"
    factory = "org.apache.flink.metrics.prometheus.PrometheusReporterFactory"
    return (
        f"{{reporters: prom, reporter.prom: {{factory.class: {factory}, port: {port}-{port + 1}}}}}"
    )
