"""One Kafka node, run straight from Maven's jars."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from string import Template

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from scripts.stack import topics
from scripts.stack.daemon import Daemon
from scripts.stack.environment import basic_environment
from scripts.stack.errors import ProcessDiedError
from scripts.stack.java import java, kafka_classpath
from scripts.stack.paths import FLINK_CONF
from scripts.stack.ports import HOST, answers, free_port, require_free
from scripts.stack.waiting import wait_until

# Any 16 bytes in base64 will do: the storage of a node belongs to the cluster with this number.
_CLUSTER_ID = "VGFwZWxpbmVUYXBlbGluZQ"


class Broker:
    """A Kafka broker with its data in the runtime folder.

    Args:
        home: The runtime folder; the data lies in ``kafka/``.
        port: Where clients connect, on the loopback interface.
        heap: The JVM's heap, as ``-Xmx`` takes it.
    """

    def __init__(self, home: Path, port: int, heap: str = "768m") -> None:
        self.port = port
        self.bootstrap_servers = f"{HOST}:{port}"
        self.daemon = Daemon("kafka", home)
        self._folder = home / "kafka"
        self._heap = heap

    def require_port(self) -> None:
        """Check that its port is its own, or free.

        Raises:
            PortTakenError: Another process has it.
        """
        if not self.daemon.process:
            require_free(self.port, "Kafka", "TAPELINE_KAFKA_PORT")

    def start(self) -> None:
        """Start the broker unless it runs, and return when it answers.

        Raises:
            PortTakenError: Another process has the port.
            ProcessDiedError: The broker ended instead.
        """
        if not self.daemon.process:
            self.require_port()
            self._format()
            self.daemon.start(
                self._java("kafka.Kafka", self._properties),
                env=basic_environment(),
                cwd=self._folder,
            )
        wait_until(self._up, f"Kafka on port {self.port}")

    def stop(self) -> None:
        """End the broker; its topics stay."""
        self.daemon.stop()

    def kill(self) -> None:
        """End the broker as a crash would; ``start`` brings it back."""
        self.daemon.kill()

    def create_topics(
        self, *names: str, partitions: int = 1, config: Mapping[str, str] | None = None
    ) -> None:
        """Create the topics that do not exist; those that do are left as they are."""
        topics.create(self.bootstrap_servers, names, partitions, config)

    def delete_topic(self, name: str) -> None:
        """Delete a topic with all that is in it, and return when it is gone."""
        with self.admin() as admin:
            topics.delete(admin, name)

    def admin(self, **options: int) -> KafkaAdminClient:
        """A client for administration, to be used with ``with``."""
        return KafkaAdminClient(bootstrap_servers=self.bootstrap_servers, **options)

    @property
    def _properties(self) -> Path:
        return self._folder / "server.properties"

    def _format(self) -> None:
        """Write the configuration, and the storage's identity the first time."""
        self._folder.mkdir(parents=True, exist_ok=True)
        data = self._folder / "data"
        template = Template((FLINK_CONF / "kafka.properties").read_text())
        self._properties.write_text(
            template.substitute(port=self.port, controller_port=free_port(), data=data)
        )
        if not (data / "meta.properties").exists():
            tool = self._java("kafka.tools.StorageTool", "format", "--cluster-id", _CLUSTER_ID)
            subprocess.run(
                [*tool, "--config", self._properties], check=True, stdout=subprocess.DEVNULL
            )

    def _java(self, main: str, *arguments: str | Path) -> list[str | Path]:
        options = [
            f"-Xmx{self._heap}",
            "-XX:+UseG1GC",
            f"-Dlog4j2.configurationFile={FLINK_CONF / 'log4j-kafka.properties'}",
        ]
        return [java(), *options, "-cp", kafka_classpath(), main, *arguments]

    def _up(self) -> bool:
        if not self.daemon.process:
            raise ProcessDiedError("Kafka", self.daemon.log)
        if not answers(self.port):
            return False
        try:
            with self.admin(bootstrap_timeout_ms=1_000, request_timeout_ms=1_000) as admin:
                admin.list_topics()
        except KafkaError:
            return False
        return True
