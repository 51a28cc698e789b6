"""Beam as it runs our functions, held against Beam as it is."""

import threading
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

import pytest
from apache_beam.portability.api import beam_fn_api_pb2
from apache_beam.utils.counters import CounterFactory

from udfs.beam import append_in_place, spare_counting, spare_sampling


def as_it_is(name: str) -> ModuleType:
    """Beam's module of this name, whatever was done to it in this process."""
    spec = find_spec(f"apache_beam.runners.worker.{name}")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def beam() -> ModuleType:
    return as_it_is("statesampler")


@pytest.fixture
def sampler(beam: Any) -> Any:
    """As a processor of bundles has it."""
    return beam.StateSampler("test", CounterFactory())


def bundle(beam: Any, sampler: Any) -> tuple[int, bool, bool]:
    """What a bundle sees: threads that were started, whether it is tracked, and is so no more."""
    before = threading.active_count()
    sampler.reset()
    sampler.start()
    started = threading.active_count() - before
    is_tracked = beam.get_current_tracker() is sampler and sampler.started
    assert sampler.get_info().tracked_thread is threading.current_thread()
    sampler.stop_if_still_running()
    is_over = beam.get_current_tracker() is None and sampler.finished
    return started, is_tracked, is_over


def test_beam_starts_a_thread_for_each_bundle(beam: Any, sampler: Any) -> None:
    """Once it does not, there is nothing to spare."""
    assert bundle(beam, sampler) == (1, True, True)


def test_bundle_after_bundle_is_tracked_without_a_thread(beam: Any, sampler: Any) -> None:
    spare_sampling(beam)
    assert [bundle(beam, sampler) for _ in range(3)] == [(0, True, True)] * 3


def test_a_bundle_that_runs_already_ends_at_once(beam: Any, sampler: Any) -> None:
    before = set(threading.enumerate())
    sampler.start()
    (thread,) = set(threading.enumerate()) - before
    spare_sampling(beam)
    sampler.stop_if_still_running()
    assert sampler.finished
    thread.join(5)
    assert not thread.is_alive()


def test_an_append_to_a_state_is_the_request_that_beam_makes() -> None:
    sdk_worker: Any = as_it_is("sdk_worker")
    key = beam_fn_api_pb2.StateKey()
    key.bag_user_state.user_state_id, key.bag_user_state.key = "journal", b"1"
    requests: list[Any] = []
    handler = object.__new__(sdk_worker.GrpcStateHandler)
    handler._request = requests.append
    beams = sdk_worker.GrpcStateHandler.append_raw
    append_in_place(sdk_worker)
    assert sdk_worker.GrpcStateHandler.append_raw is not beams
    for append in (beams, sdk_worker.GrpcStateHandler.append_raw):
        append(handler, key, b"entry")
    assert requests[0] == requests[1]
    assert requests[1].append.data == b"entry"


def test_of_a_bundle_is_told_what_functions_counted_and_nothing_else() -> None:
    module: Any = as_it_is("bundle_processor")

    class Function:
        def monitoring_infos(self, name: str, outputs: dict[str, str]) -> dict[str, str]:
            del outputs
            return {f"{name} records": "7", f"{name} letters": "1"}

    processor = object.__new__(module.BundleProcessor)
    steps = module.DataInputOperation, module.DataOutputOperation
    input_step, output_step = (step.__new__(step) for step in steps)
    processor.ops = {"in": input_step, "a": Function(), "b": Function(), "out": output_step}
    spare_counting(module)
    assert processor.monitoring_infos() == ["7", "1", "7", "1"]
