"""What can go wrong while a local Tapeline is started, shown and stopped."""

from pathlib import Path


class StackError(Exception):
    """A failure that the person at the terminal can act on; its text is all they need to see."""


class PortTakenError(StackError):
    """A port that a component needs is held by somebody else's process."""


class ProcessDiedError(StackError):
    """A process ended while it was being waited for; the text carries the end of its log."""

    def __init__(self, name: str, log: Path) -> None:
        super().__init__(f"{name} ended, the end of {log}:\n{_tail(log)}")


class WaitTimeoutError(StackError):
    """A condition did not come true in time."""


class NotFoundError(StackError):
    """Flink knows of no such thing."""


class SubmissionError(StackError):
    """Flink did not take the job."""


def _tail(log: Path, lines: int = 15) -> str:
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:]) or "    (empty)"
