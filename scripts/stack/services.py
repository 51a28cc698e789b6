"""The Python processes beside Kafka and Flink: the made-up market and the service."""

import json
import urllib.request
from typing import Any

from scripts.stack.daemon import Daemon
from scripts.stack.environment import basic_environment, tapeline_environment
from scripts.stack.errors import ProcessDiedError
from scripts.stack.paths import PYTHON, ROOT
from scripts.stack.ports import HOST, require_free
from scripts.stack.settings import StackSettings
from scripts.stack.waiting import wait_until


class Generator:
    """Sends a made-up market's trades, for ever."""

    def __init__(self, settings: StackSettings, bootstrap_servers: str, topic: str) -> None:
        self.daemon = Daemon("generator", settings.home)
        self._command = [
            *[str(PYTHON), "-m", "scripts.generator"],
            *["--bootstrap-servers", bootstrap_servers, "--topic", topic],
            *["--rate", f"{settings.generator_rate:g}", "--bad", "1%"],
        ]

    def start(self) -> None:
        """Start it unless it runs."""
        self.daemon.start(
            self._command, {**basic_environment(), **tapeline_environment()}, cwd=ROOT
        )

    def stop(self) -> None:
        """End it."""
        self.daemon.stop()


class Keeper:
    """Brings back what dies of the others."""

    def __init__(self, settings: StackSettings) -> None:
        self.daemon = Daemon("keeper", settings.home)
        self._home = settings.home

    def start(self) -> None:
        """Start it unless it runs; it takes the settings that were saved."""
        env = {**basic_environment(), **tapeline_environment(secrets=True)}
        env["TAPELINE_HOME"] = str(self._home)
        self.daemon.start([str(PYTHON), "-m", "scripts.stack.keeper"], env, cwd=ROOT)

    def stop(self) -> None:
        """End it."""
        self.daemon.stop()


class Api:
    """The service, and through it what the candles look like from outside."""

    def __init__(self, settings: StackSettings, bootstrap_servers: str) -> None:
        self.daemon = Daemon("api", settings.home)
        self.url = f"http://{HOST}:{settings.api_port}"
        self._port = settings.api_port
        self.settings = {
            "TAPELINE_API_HOST": HOST,
            "TAPELINE_API_PORT": str(settings.api_port),
            "TAPELINE_BOOTSTRAP_SERVERS": bootstrap_servers,
            "TAPELINE_ALERTS_FILE": str(settings.alerts_file or ""),
        }
        """What goes before all that stands in the environment."""

    def require_port(self) -> None:
        """Check that its port is its own, or free.

        Raises:
            PortTakenError: Another process has it.
        """
        if not self.daemon.process:
            require_free(self._port, "the API", "TAPELINE_API_PORT")

    def start(self) -> None:
        """Start the service unless it runs, and return when it answers.

        Raises:
            PortTakenError: Another process has the port.
            ProcessDiedError: The service ended instead.
        """
        if not self.daemon.process:
            self.require_port()
            self.daemon.start(
                [str(PYTHON), "-m", "api"],
                {**basic_environment(), **tapeline_environment(secrets=True), **self.settings},
                cwd=ROOT,
            )
        wait_until(self._answers, f"the API on port {self._port}")

    def stop(self) -> None:
        """End the service."""
        self.daemon.stop()

    def ready(self) -> bool:
        """Whether current candles are served."""
        health = self.get("/health")  # what /ready says too, which may be at another port
        return health is not None and bool(health["ready"])

    def example(self) -> str:
        """A symbol that has candles, or one that might have."""
        answer = self.get("/api/symbols?limit=1")
        return str(answer["symbols"][0]["symbol"]) if answer and answer["symbols"] else "AAPL"

    def get(self, path: str) -> Any:
        """What the service answers to a GET, or None while that is an error or nothing."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as response:
                return json.load(response)
        except (OSError, ValueError):
            return None

    def _answers(self) -> bool:
        if not self.daemon.process:
            raise ProcessDiedError("the API", self.daemon.log)
        return self.get("/health") is not None
