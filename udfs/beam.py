"""What Beam, which runs Flink's Python workers, does that Flink has no use for."""

import threading
from types import ModuleType
from typing import Any

from apache_beam.portability.api import beam_fn_api_pb2


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


def append_in_place(sdk_worker: ModuleType) -> None:
    """Has this module of Beam's, ``runners.worker.sdk_worker``, copy what a state gets less often.

    Beam makes a message of the data, and of that the request: protobuf copies it by writing and
    reading all of it.
    """

    def append_raw(self: Any, state_key: Any, data: bytes) -> Any:
        request = beam_fn_api_pb2.StateRequest(state_key=state_key)
        request.append.data = data
        return self._request(request)

    sdk_worker.GrpcStateHandler.append_raw = append_raw


def spare_counting(bundle_processor: ModuleType) -> None:
    """Has this module of Beam's, ``runners.worker.bundle_processor``, tell what functions counted.

    Of its own steps before and after a function Beam counts elements, bytes and times in each
    bundle, and Flink throws them away.
    """
    steps = bundle_processor.DataInputOperation, bundle_processor.DataOutputOperation

    def monitoring_infos(self: Any) -> list[Any]:
        found: dict[Any, Any] = {}
        for name, operation in self.ops.items():
            if not isinstance(operation, steps):
                found.update(operation.monitoring_infos(name, {}))
        return list(found.values())

    bundle_processor.BundleProcessor.monitoring_infos = monitoring_infos
