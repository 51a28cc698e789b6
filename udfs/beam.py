"""What Beam, which runs Flink's Python workers, does that Flink has no use for."""

import threading
from types import ModuleType
from typing import Any


def spare_sampling(statesampler: ModuleType) -> None:
    """Has this module of Beam's, ``runners.worker.statesampler``, start no sampler from now on.

    For each bundle Beam starts a thread that looks which step runs, for counters that Flink never
    asks for. It sleeps between its looks, the longer the longer a bundle takes (up to 200 ms), and
    the end of the bundle waits until it wakes: about a tenth of all time.
    """

    def start(self: Any) -> None:
        self.tracked_thread = threading.current_thread()
        statesampler.set_current_tracker(self)
        self.started = True

    def stop(self: Any) -> None:
        statesampler.set_current_tracker(None)
        self.finished = True

    statesampler.StateSampler.start, statesampler.StateSampler.stop = start, stop
