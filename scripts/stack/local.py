"""All parts of a Tapeline on one machine."""

from pathlib import Path

from jobs import upgrades
from jobs.settings import OUTPUTS
from jobs.settings import Settings as JobSettings
from scripts.stack.broker import Broker
from scripts.stack.daemon import Daemon
from scripts.stack.environment import tapeline_environment
from scripts.stack.errors import PortTakenError, StackError
from scripts.stack.flink import FlinkCluster
from scripts.stack.job import Job
from scripts.stack.paths import ROOT
from scripts.stack.services import Api, Generator, Keeper
from scripts.stack.settings import StackSettings


class LocalTapeline:
    """The broker, the cluster, the job, the generator and the service of one runtime folder."""

    def __init__(self, settings: StackSettings) -> None:
        self.settings = settings
        self.broker = Broker(settings.home, settings.kafka_port)
        self.cluster = FlinkCluster(
            settings.home,
            settings.flink_port,
            slots=settings.parallelism,
            memory=settings.flink_memory,
            metrics_port=settings.flink_metrics_port,
        )
        self.job_settings = JobSettings(bootstrap_servers=self.broker.bootstrap_servers)
        self.job = Job(self.cluster, ROOT / "jobs" / "market.py", settings.home)
        self.generator = Generator(
            settings, self.broker.bootstrap_servers, self.job_settings.trades_topics[0]
        )
        self.api = Api(settings, self.broker.bootstrap_servers)
        self.keeper = Keeper(settings)

    @property
    def daemons(self) -> tuple[Daemon, ...]:
        """The background processes, in the order in which they are started."""
        return (
            self.broker.daemon,
            self.cluster.jobmanager,
            self.cluster.taskmanager,
            self.generator.daemon,
            self.api.daemon,
            self.keeper.daemon,
        )

    def require_ports(self) -> None:
        """Check the ports of all that does not run, before anything is started.

        Raises:
            PortTakenError: Some are taken; the text has a line for each.
        """
        taken = []
        for part in (self.broker, self.cluster, self.api):
            try:
                part.require_port()
            except PortTakenError as error:
                taken.append(str(error))
        if taken:
            raise PortTakenError("\n".join(taken))

    def create_topics(self, fresh: bool = False) -> None:
        """Create the topics that are not there; for a fresh job, with an empty ledger."""
        job, settings = self.job_settings, self.settings
        if fresh and not self.job.alive:
            # The accounts of the last run would be added to those of this one.
            self.broker.delete_topic(job.ledger_topic)
        # Kafka deletes by record timestamp, which is event time here, so time is no measure of age.
        kept = {"retention.ms": "-1", "retention.bytes": str(settings.trades_retention_bytes)}
        self.broker.create_topics(*job.trades_topics, partitions=settings.partitions, config=kept)
        kept = {"retention.ms": "-1", "retention.bytes": str(settings.output_retention_bytes)}
        outputs = [getattr(job, f"{name}_topic") for name in OUTPUTS if name != "ledger"]
        self.broker.create_topics(*outputs, partitions=settings.partitions, config=kept)
        # Of a shard's accounts the newest counts, however old it is.
        compacted = {"cleanup.policy": "compact"}
        self.broker.create_topics(job.ledger_topic, partitions=1, config=compacted)

    def check_state(self) -> None:
        """Check that the job can go on from its state with the settings of now.

        Raises:
            StackError: It cannot; the text says why.
        """
        if self._job_settings_file.exists():
            before = JobSettings.model_validate_json(self._job_settings_file.read_bytes())
            try:
                upgrades.check(before, self.job_settings)
            except upgrades.UpgradeError as error:
                raise StackError(str(error)) from error

    def start_job(self, fresh: bool) -> None:
        """Submit the job with the settings of the environment, unless it runs.

        Raises:
            StackError: Its state does not fit the settings.
        """
        if not fresh:
            self.check_state()
        env = {
            **tapeline_environment(),
            "TAPELINE_BOOTSTRAP_SERVERS": self.broker.bootstrap_servers,
        }
        self.job.start(env, self.settings.parallelism, fresh)
        self._job_settings_file.write_text(self.job_settings.model_dump_json(indent=2))

    @property
    def _job_settings_file(self) -> Path:
        """Holds the settings that the state was written with; it goes when the state goes."""
        return self.settings.home / "flink" / "job-settings.json"

    def revive(self) -> list[str]:
        """Start what was started and has ended since, and return the names of it.

        The job is only submitted again where the cluster has lost it: one that was cancelled, or
        that Flink gave up, is somebody's to look at.

        Raises:
            OSError: Flink does not answer.
        """
        dead = [daemon.name for daemon in self.daemons if daemon.record and not daemon.process]
        if self.broker.daemon.name in dead:
            self.broker.start()
        if {self.cluster.jobmanager.name, self.cluster.taskmanager.name} & set(dead):
            self.cluster.start()
        if self.job.id and self.cluster.rest.job_state(self.job.id) == "UNKNOWN":
            self.start_job(fresh=False)
            dead.append("the job")
        if self.generator.daemon.name in dead:
            self.generator.start()
        if self.api.daemon.name in dead:
            self.api.start()
        return dead

    def stop(self) -> None:
        """End everything, the sources of data first; data and checkpoints stay."""
        self.keeper.stop()
        self.generator.stop()
        self.api.stop()
        if self.broker.daemon.process:
            self.job.stop()
        self.cluster.stop()
        self.broker.stop()
