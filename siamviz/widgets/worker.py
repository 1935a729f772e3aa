"""One daemon thread for each explainer, on which views compute, one job after the other.

A thread lives as long as there is work, so that it keeps no explainer alive.
"""

from __future__ import annotations

import atexit
import logging
import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from siamviz.errors import CancelledError

logger = logging.getLogger("siamviz")
T = TypeVar("T")
_PARTING = 20.0
"""Seconds to wait for a batch to end when Python exits: no thread may be in C++ code then."""


class Job(Generic[T]):
    """One computation that can be stopped.

    Parameters
    ----------
    number : int
        How the job is called in messages.
    work : callable
        Does the work; is given the job, whose `cancel` it watches.
    report : callable
        Called with the job once it is over, on the thread that ran it.

    Attributes
    ----------
    cancel : threading.Event
        Set to stop within one batch.
    done : threading.Event
        Set when `result` or `error` is known, before `report` is called.
    """

    def __init__(
        self, number: int, work: Callable[[Job[T]], T], report: Callable[[Job[T]], None]
    ) -> None:
        self.number = number
        self.cancel, self.done = threading.Event(), threading.Event()
        self.result: T | None = None
        self.error: Exception | None = None
        self._work: Callable[[Job[T]], T] | None = work
        self._report: Callable[[Job[T]], None] | None = report
        self._running = threading.Lock()

    @property
    def cancelled(self) -> bool:
        """Whether the job ended because it was stopped."""
        return isinstance(self.error, CancelledError)

    def run(self) -> None:
        """Do the work, unless that was done already; every exception becomes `error`."""
        with self._running:
            if self._work is None or self._report is None:
                return
            work, report = self._work, self._report
            self._work = self._report = None
            try:
                if self.cancel.is_set():
                    raise CancelledError("The computation was cancelled before it began.")
                result = work(self)
                if self.cancel.is_set():
                    raise CancelledError("The computation was cancelled as it ended.")
                self.result = result
            except CancelledError as error:
                self.error = error
            except Exception as error:
                logger.exception("A computation of a view failed")
                self.error = error
            self.done.set()
        try:
            report(self)
        except Exception:
            logger.exception("A view could not show what was computed for it")


_all: weakref.WeakSet[Worker] = weakref.WeakSet()


class Worker:
    """Runs jobs one after the other on a daemon thread, which ends when none is left."""

    def __init__(self) -> None:
        _all.add(self)
        self._lock = threading.Lock()
        self._waiting: deque[Job[Any]] = deque()
        self._current: Job[Any] | None = None
        self._thread: threading.Thread | None = None

    def submit(self, job: Job[Any]) -> None:
        """Run `job` after those that were submitted before; cancelled ones take no time."""
        with self._lock:
            self._waiting.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="siamviz", daemon=True)
                self._thread.start()

    @property
    def here(self) -> bool:
        """Whether the caller runs on the worker's thread, and so must not wait for it."""
        return threading.current_thread() is self._thread

    def stop(self) -> None:
        """Cancel everything and wait until the present batch is over."""
        with self._lock:
            for job in (*self._waiting, self._current):
                if job is not None:
                    job.cancel.set()
            thread = self._thread
        if thread is not None:
            thread.join(_PARTING)

    def _run(self) -> None:
        while True:
            with self._lock:
                self._current = self._waiting.popleft() if self._waiting else None
                if self._current is None:
                    self._thread = None
                    return
                job = self._current
            job.run()
            del job


_workers: weakref.WeakKeyDictionary[Any, Worker] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def worker_of(explainer: Any) -> Worker:
    """The worker of an explainer; several views of one explainer take turns."""
    with _lock:
        found = _workers.get(explainer)
        if found is None:
            found = _workers[explainer] = Worker()
        return found


@atexit.register
def _stop_all() -> None:
    for worker in list(_all):
        worker.stop()
