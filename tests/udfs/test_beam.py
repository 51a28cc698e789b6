"""Beam without its sampler, held against Beam as it is."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from apache_beam.runners.worker import statesampler
from apache_beam.utils.counters import CounterFactory

from udfs.beam import spare_sampling


@pytest.fixture
def sampler(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """As a processor of bundles has it; Beam is as it was afterwards."""
    for name in ("start", "stop"):
        monkeypatch.setattr(
            statesampler.StateSampler, name, getattr(statesampler.StateSampler, name)
        )
    yield statesampler.StateSampler("test", CounterFactory())
    statesampler.set_current_tracker(None)


def bundle(sampler: Any) -> tuple[int, bool, bool]:
    """What a bundle sees: threads that were started, whether it is tracked, and is so no more."""
    before = threading.active_count()
    sampler.reset()
    sampler.start()
    started = threading.active_count() - before
    is_tracked = statesampler.get_current_tracker() is sampler and sampler.started
    assert sampler.get_info().tracked_thread is threading.current_thread()
    sampler.stop_if_still_running()
    is_over = statesampler.get_current_tracker() is None and sampler.finished
    return started, is_tracked, is_over


def test_beam_starts_a_thread_for_each_bundle(sampler: Any) -> None:
    """Once it does not, there is nothing to spare."""
    assert bundle(sampler) == (1, True, True)


def test_bundle_after_bundle_is_tracked_without_a_thread(sampler: Any) -> None:
    spare_sampling()
    assert [bundle(sampler) for _ in range(3)] == [(0, True, True)] * 3


def test_a_bundle_that_runs_already_ends_at_once(sampler: Any) -> None:
    before = set(threading.enumerate())
    sampler.start()
    (thread,) = set(threading.enumerate()) - before
    spare_sampling()
    sampler.stop_if_still_running()
    assert sampler.finished
    thread.join(5)
    assert not thread.is_alive()
