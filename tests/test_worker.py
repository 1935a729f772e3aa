"""The worker thread: one at a time, the latest counts, failures are told."""

from __future__ import annotations

import gc
import logging
import threading
import weakref

import pytest

from siamviz.errors import CancelledError
from siamviz.widgets.computation import Pace
from siamviz.widgets.worker import Job, Worker, worker_of


class Owner:
    """Something that jobs belong to, as an explainer is."""


def job(work=lambda _: None, report=lambda _: None, number=1) -> Job:
    return Job(number, work, report)


def test_jobs_run_one_at_a_time_in_order_on_one_daemon_thread() -> None:
    worker, seen, busy = Worker(), [], threading.Lock()

    def work(done: Job) -> None:
        assert busy.acquire(blocking=False)
        seen.append((done.number, threading.current_thread().daemon))
        busy.release()

    jobs = [job(work, number=number) for number in range(5)]
    for one in jobs:
        worker.submit(one)
    for one in jobs:
        assert one.done.wait(10)
    assert seen == [(number, True) for number in range(5)]


def test_a_cancelled_job_that_waits_does_nothing() -> None:
    worker, started, go = Worker(), threading.Event(), threading.Event()
    done = []
    first = job(lambda _: (started.set(), go.wait(10)))
    second, third = job(done.append), job(done.append)
    for one in (first, second, third):
        worker.submit(one)
    assert started.wait(10)
    second.cancel.set()
    go.set()
    assert third.done.wait(10)
    assert done == [third]
    assert isinstance(second.error, CancelledError)


def test_a_job_that_is_cancelled_after_its_last_check_has_no_result() -> None:
    def work(one: Job) -> int:
        one.cancel.set()
        return 7

    late = job(work)
    late.run()
    assert late.result is None
    assert late.cancelled
    assert late.done.is_set()


def test_an_exception_is_kept_logged_and_does_not_end_the_worker(caplog) -> None:
    worker = Worker()

    def fail(_: Job) -> None:
        raise ZeroDivisionError("nothing to divide by")

    bad, good = job(fail), job(lambda _: 7)
    with caplog.at_level(logging.ERROR, logger="siamviz"):
        worker.submit(bad)
        worker.submit(good)
        assert good.done.wait(10)
    assert isinstance(bad.error, ZeroDivisionError)
    assert good.result == 7
    assert "ZeroDivisionError: nothing to divide by" in caplog.text


def test_a_report_that_fails_is_logged(caplog) -> None:
    def fail(_: Job) -> None:
        raise ValueError("cannot be shown")

    one = job(lambda _: 1, fail)
    one.run()
    assert one.result == 1
    assert "cannot be shown" in caplog.text


def test_a_job_is_done_before_it_is_reported() -> None:
    seen = []
    one = job(lambda _: 1, lambda done: seen.append((done.done.is_set(), done.result)))
    one.run()
    assert seen == [(True, 1)]


def test_a_job_runs_once() -> None:
    seen = []
    one = job(seen.append)
    one.run()
    one.run()
    assert seen == [one]


def test_a_finished_job_holds_neither_its_work_nor_its_report() -> None:
    held = Owner()
    known = weakref.ref(held)
    one = Job(1, lambda _, held=held: held and None, lambda _: None)
    one.run()
    del held
    gc.collect()
    assert known() is None


def test_stopping_cancels_what_runs_and_what_waits() -> None:
    worker, started = Worker(), threading.Event()

    def work(one: Job) -> None:
        started.set()
        assert one.cancel.wait(10)
        raise CancelledError("stopped")

    running, waiting = job(work), job()
    worker.submit(running)
    worker.submit(waiting)
    assert started.wait(10)
    worker.stop()
    assert isinstance(running.error, CancelledError)
    assert isinstance(waiting.error, CancelledError)


def test_an_explainer_has_one_worker_that_does_not_keep_it_alive() -> None:
    owner = Owner()
    assert worker_of(owner) is worker_of(owner)
    assert worker_of(owner) is not worker_of(Owner())
    one = job()
    worker_of(owner).submit(one)
    assert one.done.wait(10)
    known = weakref.ref(owner)
    del owner
    gc.collect()
    assert known() is None


def test_a_worker_knows_its_own_thread() -> None:
    worker, seen = Worker(), []
    one = job(lambda _: seen.append(worker.here))
    worker.submit(one)
    assert one.done.wait(10)
    assert seen == [True]
    assert not worker.here


class TestPace:
    @pytest.fixture
    def clock(self, monkeypatch) -> list[float]:
        now = [100.0]
        monkeypatch.setattr("siamviz.widgets.computation.time.monotonic", lambda: now[0])
        return now

    def test_partial_results_are_due_ten_times_a_second_at_most(self, clock) -> None:
        pace, due = Pace(), 0
        for _ in range(1000):
            clock[0] += 0.01
            due += pace.due()
        assert 90 <= due <= 100

    def test_progress_alone_is_told_where_no_partial_result_is(self, clock) -> None:
        pace = Pace()
        assert pace.due()
        clock[0] += 0.2
        assert not pace.quiet()
        clock[0] += 0.1
        assert pace.quiet()
        assert not pace.quiet()
        assert pace.due()

    def test_the_time_left_follows_from_what_is_done(self, clock) -> None:
        pace = Pace()
        assert pace.remaining() is None
        clock[0] += 3
        pace.fraction = 0.25
        assert pace.remaining() == pytest.approx(9)
        assert pace.remaining(parts=2) == pytest.approx(21)

    def test_another_attribution_starts_anew(self, clock) -> None:
        pace = Pace()
        clock[0] += 3
        pace.fraction = 0.5
        pace.start()
        clock[0] += 1
        assert (pace.elapsed, pace.remaining()) == (1, None)
