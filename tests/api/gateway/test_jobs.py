import pytest

from api.gateway.errors import TooManyUploadsError, UnknownJobError
from api.gateway.filter import Filter
from api.gateway.job import REJECTS_KEPT, SILENCE_MS, Job
from api.gateway.jobs import Jobs
from api.gateway.publisher import PublishError
from api.gateway.reasons import INVALID_SIDE, INVALID_UTF8
from tests.api.harness import NOW, Clock


def test_as_many_uploads_as_there_may_be_are_under_way() -> None:
    jobs = Jobs(kept=10, at_once=2, clock=Clock())
    first, _ = jobs.open(), jobs.open()
    with pytest.raises(TooManyUploadsError) as caught:
        jobs.open()
    assert caught.value.headers == {"Retry-After": "5"}
    first.end("done")
    jobs.open()


def test_the_newest_jobs_are_kept_and_none_that_is_under_way_goes() -> None:
    jobs = Jobs(kept=3, at_once=3, clock=Clock())
    going_on = jobs.open()
    ended = [jobs.open() for _ in range(2)]
    for job in ended:
        job.end("done")
    newest = jobs.open()
    assert jobs.newest() == [newest, ended[1], going_on]
    assert jobs.of(going_on.id) is going_on
    with pytest.raises(UnknownJobError) as caught:
        jobs.of(ended[0].id)
    assert set(caught.value.valid) == {newest.id, ended[1].id, going_on.id}


def test_a_job_adds_up_and_says_the_first_rejected_rows() -> None:
    clock = Clock()
    job = Job(clock)
    for number in range(REJECTS_KEPT + 50):
        job.read()
        job.reject(INVALID_SIDE if number % 3 else INVALID_UTF8)
    for _ in range(10):
        job.read()
    job.filtered += 2
    job.hand_over(8)
    job.settle(5, 4, PublishError("away"))
    report = job.report()
    assert (report.rows, report.rejected, report.filtered) == (160, 150, 2)
    assert (report.published, report.in_flight) == (4, 4)
    assert report.reasons == {"invalid_side": 100, "invalid_utf8": 50}
    assert [each.row for each in report.rejects] == list(range(1, REJECTS_KEPT + 1))
    assert str(job.failure) == "away"


def test_a_job_says_that_it_waits_once_the_broker_is_silent() -> None:
    clock = Clock()
    job = Job(clock)
    job.hand_over(3)
    clock.now += SILENCE_MS
    assert job.report().waiting == ""
    clock.now += 1
    assert job.report().waiting == f"the broker has acknowledged nothing for {SILENCE_MS + 1} ms"
    job.settle(1, 1, None)
    assert job.report().waiting == ""
    clock.now += SILENCE_MS + 1
    assert job.report().waiting
    job.settle(2, 2, None)
    assert job.report().waiting == ""


def test_a_job_goes_from_receiving_over_publishing_to_its_end() -> None:
    clock = Clock()
    job = Job(clock)
    assert (job.report().state, job.report().created_at) == ("receiving", NOW)
    clock.now += 1
    job.received()
    assert (job.report().state, job.report().received_at) == ("publishing", NOW + 1)
    clock.now += 1
    job.end("failed", "why")
    report = job.report()
    assert (report.state, report.error, report.ended_at) == ("failed", "why", NOW + 2)


@pytest.mark.parametrize(
    ("patterns", "symbol", "passes"),
    [
        ((), "ANY", True),
        (("BTC*",), "BTCUSDT", True),
        (("BTC*", "ETH/US?"), "ETH/USD", True),
        (("BTC*",), "btcusdt", False),
        (("[AB]*",), "CB", False),
    ],
)
def test_symbols_pass_by_shell_patterns(
    patterns: tuple[str, ...], symbol: str, passes: bool
) -> None:
    assert Filter(patterns, ["*"]).passes_symbol(symbol) is passes


def test_kinds_pass_by_name_or_all_do() -> None:
    assert Filter((), ["*"]).passes_kind("push")
    assert Filter((), ["trades", "push"]).passes_kind("push")
    assert not Filter((), ["trades"]).passes_kind("push")
    assert not Filter((), []).passes_kind("trades")
