"""All parts of a Tapeline on one machine."""

import json
from pathlib import Path

from api.settings import Settings as ApiSettings
from jobs import alerts_file, upgrades
from jobs.settings import Settings as JobSettings
from scripts.stack import topics
from scripts.stack.broker import Broker
from scripts.stack.daemon import Daemon
from scripts.stack.errors import PortTakenError, StackError
from scripts.stack.files import write_whole
from scripts.stack.flink import FlinkCluster
from scripts.stack.job import Job
from scripts.stack.paths import ROOT
from scripts.stack.services import Api, Generator, Keeper
from scripts.stack.settings import StackSettings
from scripts.stack.snapshots import newest_snapshot, shards_in
from udfs.shards import TALLY


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
        self.job_settings = JobSettings(
            bootstrap_servers=self.broker.bootstrap_servers,
            alerts_file=str(settings.alerts_file or ""),
        )
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

    def require_rules(self) -> None:
        """Check the rules of alerts, before anything is started or stopped for them.

        Raises:
            StackError: There is a mistake in their file; the text says where.
        """
        try:
            alerts_file.read(self.job_settings)
        except alerts_file.AlertsFileError as error:
            raise StackError(str(error)) from error

    def create_topics(self, fresh: bool = False) -> None:
        """Create the topics that are not there; for a fresh job, with an empty ledger."""
        job, settings = self.job_settings, self.settings
        if fresh and not self.job.alive:
            # The accounts of the last run would be added to those of this one.
            self.broker.delete_topic(job.ledger_topic)
        servers, partitions = job.bootstrap_servers, settings.partitions
        topics.create_kept(servers, job.inputs, partitions, settings.trades_retention_bytes)
        topics.create_outputs(job, partitions, settings.output_retention_bytes)
        # What the service writes itself.
        api = ApiSettings()
        written = [api.undelivered_alerts_topic, api.events_topic]
        topics.create_kept(servers, written, partitions, settings.output_retention_bytes)

    def settings_to_go_on(self) -> JobSettings:
        """The settings of now, and what the job needs beside them to go on from its state.

        Raises:
            StackError: It cannot; the text says why.
        """
        before = self.settings_of_state
        if before is None:
            return self.job_settings
        held = shards_in(newest_snapshot(self.cluster.state))
        if held and before.shards not in held and not self.job.alive:
            # The job ended before the first snapshot with its new shards.
            then = {"shards": before.shards_before or before.shards, "shards_before": 0}
            before = before.model_copy(update=then)
        try:
            settings = upgrades.going_on(before, self.job_settings)
        except upgrades.UpgradeError as error:
            raise StackError(str(error)) from error
        again = before.shards_before and settings.shards_before != before.shards_before
        if again and not self.has_handed_over(before):
            raise StackError(
                f"TAPELINE_SHARDS was changed from {before.shards_before} to {before.shards}, and "
                "not all of the state is handed over yet: it is with the next trades that come; "
                "start it as it was, and change it again then"
            )
        return settings

    def has_handed_over(self, settings: JobSettings) -> bool:
        """Whether each shard has its state, of those of before, and has said so in the ledger."""
        with topics.consumer(settings.bootstrap_servers) as kafka:
            parts = topics.partitions(kafka, [settings.ledger_topic])
            accounts = (
                json.loads(record.value)
                for record in topics.records(kafka, dict.fromkeys(parts, 0))
            )
            newest = {account["shard"]: account["shards"] for account in accounts}
        return all(newest.get(n) == settings.shards for n in (*range(settings.shards), TALLY))

    def start_job(self, fresh: bool) -> None:
        """Submit the job with the settings of the environment, unless it runs.

        Raises:
            StackError: Its state does not fit the settings.
        """
        if not self.job.alive:
            snapshot = None if fresh else newest_snapshot(self.cluster.state)
            settings = self.job_settings if fresh else self.settings_to_go_on()
            # The shards before those of before have handed over long since.
            drop = not shards_in(snapshot) <= {settings.shards, settings.shards_before}
            self.job.submit(settings.environment(), self.settings.parallelism, snapshot, drop)
            write_whole(self._job_settings_file, settings.model_dump_json(indent=2))
        self.job.wait_running()

    @property
    def settings_of_state(self) -> JobSettings | None:
        """Those that the job was submitted with last; None if it has no state."""
        if not self._job_settings_file.exists():
            return None
        return JobSettings.model_validate_json(self._job_settings_file.read_bytes())

    @property
    def _job_settings_file(self) -> Path:
        """It goes when the state goes."""
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
