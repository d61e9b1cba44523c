"""Pacing: pauses, budgets, back-off and walls hold for each host, on a clock that the tests turn."""

from curate.fetching.attempt import AttemptResult
from curate.fetching.pacing import FetchRequest, RequestQueue
from slateboard.records.source import State
from slateboard.settings import FetchSettings

FETCHED = AttemptResult(State.FETCHED)
LOST = AttemptResult(State.NETWORK, error="timed out", wall_after=10)


def _jobs(host: str, count: int) -> list[FetchRequest]:
    return [FetchRequest(f"http://{host}/{number}", host, f"{host}-{number}") for number in range(count)]


def _queue(jobs: list[FetchRequest], **settings: float) -> RequestQueue:
    return RequestQueue(jobs, settings=FetchSettings(**settings), uniform=lambda low, high: low)  # type: ignore[arg-type]


def _starts(queue: RequestQueue, outcome: AttemptResult = FETCHED) -> list[float]:
    """Work off a queue whose attempts take no time; return when each began."""
    now, starts = 0.0, []
    while True:
        while (job := queue.pop(now)) is not None:
            starts.append(now)
            queue.record(job, outcome, now)
        wake = queue.next_at()
        if wake is None:
            return starts
        now = max(now, wake)


def test_downloads_of_one_host_are_ten_seconds_apart_by_default() -> None:
    assert _starts(_queue(_jobs("a", 3))) == [0, 10, 20]


def test_hosts_do_not_wait_for_each_other() -> None:
    assert _starts(_queue([*_jobs("a", 2), *_jobs("b", 2)])) == [0, 0, 10, 10]


def test_local_files_wait_for_nobody() -> None:
    assert _starts(_queue([FetchRequest(str(number), "", str(number)) for number in range(3)])) == [0, 0, 0]


def test_a_host_gets_no_more_in_an_hour_than_its_budget() -> None:
    queue = _queue(_jobs("a", 5), per_hour=2, sleep_interval_seconds=0, max_sleep_interval_seconds=0)
    assert _starts(queue) == [0, 0, 3600, 3600, 7200]


def test_one_host_is_asked_by_so_many_at_a_time() -> None:
    queue = _queue(_jobs("a", 3), workers_per_host=2, sleep_interval_seconds=0, max_sleep_interval_seconds=0)
    first, second = queue.pop(0), queue.pop(0)
    assert first is not None and second is not None and queue.pop(0) is None and queue.next_at() is None
    queue.record(first, FETCHED, 1)
    assert queue.pop(1) is not None


def test_the_wait_before_another_attempt_doubles() -> None:
    settings = {"backoff_seconds": 4, "tries": 4, "sleep_interval_seconds": 0, "max_sleep_interval_seconds": 0}
    assert _starts(_queue(_jobs("a", 1), **settings), LOST) == [0, 4, 12, 28]


def test_jitter_makes_the_wait_up_to_half_longer() -> None:
    queue = RequestQueue(
        _jobs("a", 1),
        settings=FetchSettings(backoff_seconds=4, tries=2, sleep_interval_seconds=0, max_sleep_interval_seconds=0),
        uniform=lambda low, high: high,
    )
    assert _starts(queue, LOST) == [0, 6]


def test_a_short_retry_after_is_waited_for_by_the_whole_host_and_a_long_one_by_nobody() -> None:
    short = AttemptResult(State.RATE_LIMITED, retry_after_seconds=30, wall_after=3)
    queue = _queue(_jobs("a", 2), tries=2)
    (job := queue.pop(0)) and queue.record(job, short, 0)
    assert queue.pop(29) is None and queue.pop(30) is not None
    long = AttemptResult(State.RATE_LIMITED, retry_after_seconds=61, wall_after=3)
    queue = _queue(_jobs("a", 2), tries=2)
    job = queue.pop(0)
    assert job is not None and queue.record(job, long, 0) == [(job, long)]
    assert queue.pop(10) is not None


def test_a_state_that_does_not_change_by_itself_is_tried_once_and_a_damaged_file_twice() -> None:
    for state, tries in ((State.GONE, 1), (State.PRIVATE, 1), (State.CORRUPT, 2), (State.TRUNCATED, 3)):
        assert len(_starts(_queue(_jobs("a", 1)), AttemptResult(state))) == tries


def test_a_wall_closes_its_host_alone_and_counts_what_was_not_asked() -> None:
    queue = _queue([*_jobs("a", 4), *_jobs("b", 2)])
    first = queue.pop(0)
    other = queue.pop(0)
    assert first is not None and other is not None and (first.host, other.host) == ("a", "b")
    wall = AttemptResult(State.BLOCKED, error="not a bot", wall_after=1)
    assert queue.record(first, wall, 0) == [(first, wall)]
    assert queue.record(other, FETCHED, 0) == [(other, FETCHED)]
    assert len(_starts(queue)) == 1
    assert [(host.host, host.reason, host.unasked) for host in queue.abandoned_hosts()] == [("a", "not a bot", 3)]


def test_what_waits_for_another_attempt_when_its_host_closes_ends_as_it_last_was() -> None:
    queue = _queue(_jobs("a", 3), backoff_seconds=100)
    lost = queue.pop(0)
    assert lost is not None and queue.record(lost, LOST, 0) == []
    walled = queue.pop(10)
    wall = AttemptResult(State.BLOCKED, error="captcha", wall_after=1)
    assert walled is not None and queue.record(walled, wall, 10) == [(walled, wall), (lost, LOST)]


def test_ten_lost_in_a_row_close_a_host_and_one_success_between_does_not() -> None:
    quick = {"tries": 1, "sleep_interval_seconds": 0, "max_sleep_interval_seconds": 0}
    queue = _queue(_jobs("a", 30), **quick)
    assert len(_starts(queue, LOST)) == 10
    assert queue.abandoned_hosts()[0].unasked == 20
    queue = _queue(_jobs("a", 30), **quick)
    for number in range(30):
        job = queue.pop(0)
        assert job is not None
        queue.record(job, FETCHED if number % 10 == 9 else LOST, 0)
    assert queue.abandoned_hosts() == []
