"""The settings that a runtime folder was started with."""

from pathlib import Path

from scripts.stack.errors import StackError
from scripts.stack.files import write_whole
from scripts.stack.settings import StackSettings


class SavedSettings:
    """A file in the runtime folder, so that status and stop need not be told the ports again."""

    def __init__(self, home: Path) -> None:
        self._file = home / "run" / "settings.json"

    def write(self, settings: StackSettings) -> None:
        """Remember the settings of a start."""
        write_whole(self._file, settings.model_dump_json(indent=2))

    def read(self) -> StackSettings | None:
        """The settings of the last start, or None if there was none."""
        if not self._file.exists():
            return None
        return StackSettings.model_validate_json(self._file.read_bytes())

    def require_same(self, settings: StackSettings) -> None:
        """Check that what runs was started with ``settings``.

        Raises:
            StackError: It was not; the text names what differs.
        """
        before = self.read() or settings
        differing = [
            f"TAPELINE_{name.upper()} is {value}, it runs with {getattr(before, name)}"
            for name, value in settings
            if value != getattr(before, name)
        ]
        if differing:
            raise StackError("; ".join(differing) + ": run scripts/stop.sh first")
