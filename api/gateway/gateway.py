"""The parts of the gateway."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from api.gateway.hooks import Hooks
from api.gateway.uploads import Uploads
from api.metrics import Metrics
from api.settings import Settings


@dataclass(frozen=True, slots=True)
class Gateway:
    """What takes uploads and hooks."""

    uploads: Uploads
    hooks: Hooks

    @classmethod
    def build(cls, settings: Settings, metrics: Metrics, clock: Callable[[], int]) -> Self:
        """Put the parts together; nothing runs yet."""
        return cls(
            Uploads(settings, clock, metrics.registry), Hooks(settings, clock, metrics.registry)
        )

    def start(self) -> None:
        """Be ready to publish."""
        self.uploads.start()
        self.hooks.start()

    def stop(self) -> None:
        """Stop: what is under way fails."""
        self.uploads.stop()
        self.hooks.stop()
