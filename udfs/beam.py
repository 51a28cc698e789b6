"""What Beam, which runs Flink's Python workers, does that Flink has no use for."""

import threading

from apache_beam.runners.worker import statesampler
from apache_beam.runners.worker.statesampler import StateSampler


def spare_sampling() -> None:
    """Starts no sampler in this process from now on.

    For each bundle Beam starts a thread that looks which step runs, for counters that Flink never
    asks for. It sleeps between its looks, the longer the longer a bundle takes (up to 200 ms), and
    the end of the bundle waits until it wakes: about a tenth of all time.
    """

    def start(self: StateSampler) -> None:
        self.tracked_thread = threading.current_thread()
        statesampler.set_current_tracker(self)
        self.started = True

    def stop(self: StateSampler) -> None:
        statesampler.set_current_tracker(None)
        self.finished = True

    StateSampler.start, StateSampler.stop = start, stop
