"""The jobs of one view: the latest request counts, what it finds is adopted, all else is dropped.

Messages about a job are sent only while it is the view's latest, under a lock, so that none of an
older one can follow. The lock is held for moments only: nobody waits for anything under it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from traitlets import TraitError

from siamviz.errors import CancelledError, SiamvizError
from siamviz.widgets.computation import Computation, Found
from siamviz.widgets.history import Histories
from siamviz.widgets.request import Request
from siamviz.widgets.worker import Job, worker_of

if TYPE_CHECKING:
    from siamviz.explainer import Explainer

Send = Callable[[dict[str, Any], bytes | None], None]


class Jobs:
    """Computes what a view asks for, on its explainer's worker or, without a kernel, on demand.

    Parameters
    ----------
    explainer : Explainer
    send : callable
        Sends a message to the front end.
    adopt : callable
        Takes what the latest job found, on the thread that found it.
    begin : callable
        Called when a job for new settings begins.
    alone : callable
        Whether there is no kernel: then jobs run when their result is asked for.
    """

    def __init__(
        self,
        explainer: Explainer,
        send: Send,
        adopt: Callable[[Found], None],
        begin: Callable[[], None],
        alone: Callable[[], bool],
    ) -> None:
        self._explainer, self._send = explainer, send
        self._adopt, self._begin, self._alone = adopt, begin, alone
        self._lock = threading.RLock()
        self._numbers = count(1)
        self._key: Any = None
        self._before: tuple[Request, Found] | None = None
        self._sent: dict[str, tuple[dict[str, Any], bytes]] = {}
        self._histories = Histories()
        self._models: dict[str, Explainer] = {explainer.name: explainer}
        self.latest: Job[Found] | None = None

    @property
    def running(self) -> bool:
        """Whether the latest job is not over."""
        return self.latest is not None and not self.latest.done.is_set()

    def prepare(self, request: Request, *, retry: bool) -> tuple[Job[Found], bool]:
        """Return the job that answers `request`, and whether it is new and must be started.

        A new one supersedes the latest, which stops within one batch. What was cancelled is done
        again, and what failed if `retry` says so.
        """
        with self._lock:
            latest = self.latest
            if latest is not None:
                again = latest.cancel.is_set() or (retry and _error(latest) is not None)
                if self._key == request.key and not again:
                    return latest, False
                latest.cancel.set()
            job: Job[Found] = Job(
                next(self._numbers),
                lambda job: self._compute(job, request),
                lambda job: self._over(job, request),
            )
            self._key, self.latest = request.key, job
            self._sent.clear()
            return job, True

    def start(self, job: Job[Found], settings: dict[str, Any]) -> None:
        """Let the worker run a new job."""
        self._begin()
        self._tell(job, {"kind": "started", "settings": settings}, None)
        if not self._alone():
            worker_of(self._explainer).submit(job)

    def result(self, ask: Callable[[], Job[Found]]) -> Found:
        """Wait for what the view's present settings give.

        Parameters
        ----------
        ask : callable
            Starts a job for the present settings, if need be, and returns it.

        Raises
        ------
        Exception
            What the computation raised.
        """
        while True:
            job = ask()
            if self._alone() or worker_of(self._explainer).here:
                job.run()
            job.done.wait()
            if job is self.latest:
                break
        if job.error is not None:
            raise job.error
        assert job.result is not None
        return job.result

    def cancel(self) -> int | None:
        """Stop the latest job within one batch and return its number; what is shown stays."""
        job = self.latest
        if job is None:
            return None
        job.cancel.set()
        return job.number

    def answered_by(self, found: Found | None) -> bool:
        """Whether `found` answers the latest request."""
        return self.latest is not None and self.latest.result is found is not None

    def resend(self) -> None:
        """Send the latest frames of the latest job again."""
        with self._lock:
            for message, frame in list(self._sent.values()):
                self._send(message, frame)

    def load(self, model: Explainer | str) -> Explainer:
        """Return an explainer, loading it by its name the first time."""
        if not isinstance(model, str):
            self._models[model.name] = model
            return model
        if model not in self._models:
            from siamviz.explainer import Explainer

            self._models[model] = Explainer(model)
        return self._models[model]

    def _compute(self, job: Job[Found], request: Request) -> Found:
        def tell(message: dict[str, Any], frame: bytes | None) -> None:
            self._tell(job, message, frame)

        computation = Computation(request, job, tell, self.load, self._before, self._histories)
        return computation.run()

    def _tell(self, job: Job[Found], message: dict[str, Any], frame: bytes | None) -> None:
        with self._lock:
            if job is not self.latest or job.cancel.is_set():
                return
            message = {**message, "job": job.number}
            if frame is not None:
                self._sent[message["slot"]] = message, frame
            self._send(message, frame)

    def _over(self, job: Job[Found], request: Request) -> None:
        with self._lock:
            if job is not self.latest:
                return
            if job.result is not None:
                self._before = request, job.result
        if job.result is not None:
            self._adopt(job.result)
        error = _error(job)
        with self._lock:
            if error is not None and job is self.latest:
                self._send({**_ending(error), "job": job.number}, None)


def _error(job: Job[Found]) -> Exception | None:
    """Return why a job gave nothing, or nothing to compare with."""
    return job.error if job.result is None else job.result.error


def _ending(error: Exception) -> dict[str, Any]:
    """Return the event that tells how a job ended without a result."""
    if isinstance(error, CancelledError):
        return {"kind": "cancelled"}
    return {"kind": "failed", "error": sentence(error)}


def sentence(error: Exception) -> str:
    """Return what a user is told of an exception."""
    if isinstance(error, SiamvizError | TraitError):
        return str(error)
    return f"{type(error).__name__}: {error}. The traceback is in Python's log."
