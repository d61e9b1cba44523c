"""Pacing: pauses, budgets, back-off and walls hold for each host, on a clock that the tests turn."""

from curate.fetching.outcome import Outcome
from curate.fetching.pacing import Job, Plan
from slateboard.records.source import State
from slateboard.settings import Fetch

FETCHED = Outcome(State.FETCHED)
LOST = Outcome(State.NETWORK, error="timed out", wall_after=10)


def _jobs(host: str, count: int) -> list[Job]:
    return [Job(f"http://{host}/{number}", host, f"{host}-{number}") for number in range(count)]


def _plan(jobs: list[Job], **settings: float) -> Plan:
    return Plan(jobs, settings=Fetch(**settings), chance=lambda low, high: low)  # type: ignore[arg-type]


def _starts(plan: Plan, outcome: Outcome = FETCHED) -> list[float]:
    """Carry out a plan whose attempts take no time; return when each began."""
    now, starts = 0.0, []
    while True:
        while (job := plan.next(now)) is not None:
            starts.append(now)
            plan.ended(job, outcome, now)
        wake = plan.wake()
        if wake is None:
            return starts
        now = max(now, wake)


def test_downloads_of_one_host_are_ten_seconds_apart_by_default() -> None:
    assert _starts(_plan(_jobs("a", 3))) == [0, 10, 20]


def test_hosts_do_not_wait_for_each_other() -> None:
    assert _starts(_plan([*_jobs("a", 2), *_jobs("b", 2)])) == [0, 0, 10, 10]


def test_local_files_wait_for_nobody() -> None:
    assert _starts(_plan([Job(str(number), "", str(number)) for number in range(3)])) == [0, 0, 0]


def test_a_host_gets_no_more_in_an_hour_than_its_budget() -> None:
    plan = _plan(_jobs("a", 5), per_hour=2, sleep_interval_seconds=0, max_sleep_interval_seconds=0)
    assert _starts(plan) == [0, 0, 3600, 3600, 7200]


def test_one_host_is_asked_by_so_many_at_a_time() -> None:
    plan = _plan(_jobs("a", 3), workers_per_host=2, sleep_interval_seconds=0, max_sleep_interval_seconds=0)
    first, second = plan.next(0), plan.next(0)
    assert first is not None and second is not None and plan.next(0) is None and plan.wake() is None
    plan.ended(first, FETCHED, 1)
    assert plan.next(1) is not None


def test_the_wait_before_another_attempt_doubles() -> None:
    settings = {"backoff_seconds": 4, "tries": 4, "sleep_interval_seconds": 0, "max_sleep_interval_seconds": 0}
    assert _starts(_plan(_jobs("a", 1), **settings), LOST) == [0, 4, 12, 28]


def test_jitter_makes_the_wait_up_to_half_longer() -> None:
    plan = Plan(
        _jobs("a", 1),
        settings=Fetch(backoff_seconds=4, tries=2, sleep_interval_seconds=0, max_sleep_interval_seconds=0),
        chance=lambda low, high: high,
    )
    assert _starts(plan, LOST) == [0, 6]


def test_a_short_retry_after_is_waited_for_by_the_whole_host_and_a_long_one_by_nobody() -> None:
    short = Outcome(State.RATE_LIMITED, retry_after_seconds=30, wall_after=3)
    plan = _plan(_jobs("a", 2), tries=2)
    (job := plan.next(0)) and plan.ended(job, short, 0)
    assert plan.next(29) is None and plan.next(30) is not None
    long = Outcome(State.RATE_LIMITED, retry_after_seconds=61, wall_after=3)
    plan = _plan(_jobs("a", 2), tries=2)
    job = plan.next(0)
    assert job is not None and plan.ended(job, long, 0) == [(job, long)]
    assert plan.next(10) is not None


def test_a_state_that_does_not_change_by_itself_is_tried_once_and_a_damaged_file_twice() -> None:
    for state, tries in ((State.GONE, 1), (State.PRIVATE, 1), (State.CORRUPT, 2), (State.TRUNCATED, 3)):
        assert len(_starts(_plan(_jobs("a", 1)), Outcome(state))) == tries


def test_a_wall_closes_its_host_alone_and_counts_what_was_not_asked() -> None:
    plan = _plan([*_jobs("a", 4), *_jobs("b", 2)])
    first = plan.next(0)
    other = plan.next(0)
    assert first is not None and other is not None and (first.host, other.host) == ("a", "b")
    wall = Outcome(State.BLOCKED, error="not a bot", wall_after=1)
    assert plan.ended(first, wall, 0) == [(first, wall)]
    assert plan.ended(other, FETCHED, 0) == [(other, FETCHED)]
    assert len(_starts(plan)) == 1
    assert [(left.host, left.reason, left.jobs) for left in plan.left()] == [("a", "not a bot", 3)]


def test_what_waits_for_another_attempt_when_its_host_closes_ends_as_it_last_was() -> None:
    plan = _plan(_jobs("a", 3), backoff_seconds=100)
    lost = plan.next(0)
    assert lost is not None and plan.ended(lost, LOST, 0) == []
    walled = plan.next(10)
    wall = Outcome(State.BLOCKED, error="captcha", wall_after=1)
    assert walled is not None and plan.ended(walled, wall, 10) == [(walled, wall), (lost, LOST)]


def test_ten_lost_in_a_row_close_a_host_and_one_success_between_does_not() -> None:
    quick = {"tries": 1, "sleep_interval_seconds": 0, "max_sleep_interval_seconds": 0}
    plan = _plan(_jobs("a", 30), **quick)
    assert len(_starts(plan, LOST)) == 10
    assert plan.left()[0].jobs == 20
    plan = _plan(_jobs("a", 30), **quick)
    for number in range(30):
        job = plan.next(0)
        assert job is not None
        plan.ended(job, FETCHED if number % 10 == 9 else LOST, 0)
    assert plan.left() == []
