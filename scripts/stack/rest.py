"""The part of Flink's REST API that starting, showing and stopping need."""

import json
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any

from scripts.stack.errors import NotFoundError, StackError
from scripts.stack.ports import HOST


class FlinkRest:
    """Asks a JobManager.

    Args:
        port: The port of its web UI, on the loopback interface.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://{HOST}:{port}"

    def taskmanagers(self) -> set[str]:
        """The names of the TaskManagers that it counts on; none while nobody answers."""
        try:
            return {str(each["id"]) for each in self.get("/taskmanagers")["taskmanagers"]}
        except (OSError, StackError):
            return set()

    def job_state(self, job_id: str) -> str:
        """The job's state as Flink names it (RUNNING, ...); UNKNOWN when it has no such job."""
        try:
            return str(self.get(f"/jobs/{job_id}")["state"])
        except NotFoundError:
            return "UNKNOWN"

    def running(self, job_id: str) -> bool:
        """Whether the job and every task of it run."""
        try:
            job = self.get(f"/jobs/{job_id}")
        except StackError:
            return False
        return bool(job["vertices"]) and all(v["status"] == "RUNNING" for v in job["vertices"])

    def failure(self, job_id: str) -> str:
        """The first lines of the job's newest failure, or nothing."""
        history = self.get(f"/jobs/{job_id}/exceptions").get("exceptionHistory", {})
        entries = history.get("entries", [])
        return "\n".join(entries[0]["stacktrace"].splitlines()[:40]) if entries else ""

    def checkpoints(self, job_id: str) -> dict[str, Any]:
        """Counts and the newest checkpoints, as Flink tells them."""
        answer: dict[str, Any] = self.get(f"/jobs/{job_id}/checkpoints")
        return answer

    def cancel(self, job_id: str) -> None:
        """Ask the job to end at once; its newest checkpoint stays."""
        self._call("PATCH", f"/jobs/{job_id}?mode=cancel")

    def stop_with_savepoint(self, job_id: str) -> str:
        """Ask the job to end after a savepoint; returns the number to ask ``savepoint`` with."""
        return str(self._call("POST", f"/jobs/{job_id}/stop", {"drain": False})["request-id"])

    def savepoint(self, job_id: str, request: str) -> str | None:
        """Where the savepoint was written, or None while it is.

        Raises:
            StackError: It failed.
        """
        answer = self.get(f"/jobs/{job_id}/savepoints/{request}")
        if answer["status"]["id"] != "COMPLETED":
            return None
        if "failure-cause" in answer["operation"]:
            cause = answer["operation"]["failure-cause"]["stack-trace"].splitlines()[0]
            raise StackError(f"the savepoint failed: {cause}")
        return str(answer["operation"]["location"])

    def source_metric(self, job_id: str, name: str) -> float | None:
        """The sum of a metric over all sources and their subtasks, or None while none tells it."""
        values: list[float] = []
        vertices = self.get(f"/jobs/{job_id}")["vertices"]
        for vertex in (v for v in vertices if v["name"].startswith("Source: ")):
            path = f"/jobs/{job_id}/vertices/{vertex['id']}/subtasks/metrics"
            ids = [m["id"] for m in self.get(path) if m["id"].split(".")[-1] == name]
            if ids:
                found = self.get(f"{path}?get={','.join(ids)}&agg=sum")
                values += [metric["sum"] for metric in found]
        return sum(values) if values else None

    def get(self, path: str) -> Any:
        """The answer to a GET.

        Raises:
            StackError: Flink refused; the text is Flink's.
            OSError: Nobody answers.
        """
        return self._call("GET", path)

    def _call(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            kind = NotFoundError if error.code == HTTPStatus.NOT_FOUND else StackError
            raise kind(f"Flink answered {error.code} to {method} {path}: {text}") from error
