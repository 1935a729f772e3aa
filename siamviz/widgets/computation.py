"""Answering a view's request on the worker thread, with partial results on the way."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from siamviz.attribution import PairAttribution
from siamviz.deletion import DeletionEffects
from siamviz.errors import CancelledError, SiamvizError
from siamviz.export.frame import pack
from siamviz.widgets.forecast import SHORT, Forecast, forecast_of, measure
from siamviz.widgets.history import Histories, History, extend
from siamviz.widgets.request import Question, Request
from siamviz.widgets.worker import Job

if TYPE_CHECKING:
    from siamviz.explainer import Explainer

logger = logging.getLogger("siamviz")
Slot = Literal["main", "other"]
Tell = Callable[[dict[str, Any], bytes | None], None]

_INTERVAL = 0.1
"""Seconds between two partial results, at least."""
_SILENCE = 0.25
"""Seconds without a message after which the fraction done is told on its own."""
_PATIENCE = 0.3
"""Seconds after which a preview is worth its time."""
_ALMOST = 0.99
"""The fraction told at most as long as something is left to do."""
_PREVIEW = (
    "A preview while the attribution is computed: mixed deletion differences, what the similarity "
    "loses when two tokens are deleted."
)


@dataclass(frozen=True, eq=False)
class Found:
    """What answers a request, and the same as frames for the front end.

    Attributes
    ----------
    history : tuple of (steps, relative residual)
        How the error of `main` fell.
    error : Exception or None
        Why there is no `other` although one was asked for.
    """

    main: PairAttribution
    other: PairAttribution | DeletionEffects | None
    main_frame: bytes
    other_frame: bytes
    history: History = ()
    error: Exception | None = None


@dataclass(frozen=True, eq=False)
class _Other:
    result: PairAttribution | DeletionEffects | None = None
    frame: bytes = b""
    error: Exception | None = None


class Computation:
    """Answers one request; used once, on one thread.

    Parameters
    ----------
    request : Request
    job : Job
    tell : callable
        Sends a message, with a frame or without.
    load : callable
        Gives the explainer that a question's model means.
    before : Request and Found, optional
        The last request that was answered, and its answer.
    histories : Histories
        How the error fell in earlier computations; added to.
    """

    def __init__(
        self,
        request: Request,
        job: Job[Found],
        tell: Tell,
        load: Callable[[Explainer | str], Explainer],
        before: tuple[Request, Found] | None,
        histories: Histories,
    ) -> None:
        self._request, self._job, self._tell, self._load = request, job, tell, load
        self._before, self._histories = before, histories
        self._parts = 2 if request.other is not None else 1
        self._finished = 0
        self._fraction = 0.0
        self._pace = Pace()
        self._shown = before is not None and before[0].main.texts == request.main.texts

    def run(self) -> Found:
        """Return the answer, having told partial results on the way."""
        deletion = self._compared(self._deletion) if self._request.deletion else None
        main, main_frame, history = self._main()
        asked = self._request.other is not None
        other = self._compared(self._other) if asked else deletion or _Other()
        return Found(main, other.result, main_frame, other.frame, history, other.error)

    def _compared(self, compute: Callable[[], _Other]) -> _Other:
        """Return what to compare with; if that fails, why, for the attribution is there."""
        try:
            return compute()
        except CancelledError:
            raise
        except Exception as error:
            if not isinstance(error, SiamvizError):
                logger.exception("A view has nothing to compare with")
            return _Other(error=error)

    def _other(self) -> _Other:
        assert self._request.other is not None
        found, history = self._attribute("other", self._request.other)
        return _Other(found, self._final("other", found, history))

    def _deletion(self) -> _Other:
        question = self._request.main
        explainer = self._load(question.model)
        found = question.preview(explainer, self._job.cancel.is_set)
        frame = pack(found, model=explainer.name)
        self._send("other", frame, final=True)
        return _Other(found, frame)

    def _main(self) -> tuple[PairAttribution, bytes, History]:
        question = self._request.main
        if self._before is not None and self._before[0].main.key == question.key:
            known = self._before[1]
            self._finished += 1
            self._send("main", known.main_frame, final=True)
            return known.main, known.main_frame, known.history
        main, history = self._attribute("main", question)
        return main, self._final("main", main, history), history

    def _attribute(self, slot: Slot, question: Question) -> tuple[PairAttribution, History]:
        explainer = self._load(question.model)
        forecast = forecast_of(question)
        self._pace.start(forecast)
        points: list[tuple[int, float]] = []
        latest = None

        def between() -> bool:
            if slot == "main" and not self._shown and self._pace.elapsed > _PATIENCE:
                self._preview(question, explainer)
            return self._job.cancel.is_set()

        for latest in question.answers(explainer, self._progress, between):
            extend(points, latest)
            if forecast is not None and (found := measure(question, latest, self._pace.elapsed)):
                forecast.add(found)
            if latest.progress < 1 and self._pace.due():
                self._shown = True
                self._send(slot, pack(latest, history=points), final=False)
            if self._job.cancel.is_set():
                raise CancelledError("The computation was cancelled.")
        assert latest is not None
        self._finished += 1
        self._pace.start()
        return latest, self._histories.curve(question, tuple(points))

    def _preview(self, question: Question, explainer: Explainer) -> None:
        self._shown = True
        try:
            found = question.preview(explainer, self._job.cancel.is_set)
        except Exception as error:
            if not isinstance(error, SiamvizError):
                logger.exception("A view has no preview")
            return
        frame = pack(found, notes=[_PREVIEW], model=explainer.name)
        self._send("main", frame, final=False)

    def _progress(self, fraction: float) -> None:
        self._pace.fraction = fraction
        if fraction < 1 and self._pace.quiet():
            self._tell({"kind": "progress", **self._state()}, None)

    def _final(self, slot: Slot, pair: PairAttribution, history: History) -> bytes:
        frame = pack(pair, history=history)
        self._send(slot, frame, final=True)
        return frame

    def _send(self, slot: Slot, frame: bytes, *, final: bool) -> None:
        self._tell({"kind": "frame", "slot": slot, "final": final, **self._state()}, frame)

    def _state(self) -> dict[str, Any]:
        left = self._parts - self._finished
        if left == 0:
            return {"fraction": 1.0, "remaining": 0.0}
        fraction = (self._finished + self._pace.share) / self._parts
        self._fraction = max(fraction, self._fraction)
        return {"fraction": self._fraction, "remaining": self._pace.remaining(left)}


class Pace:
    """How fast one attribution goes, and when the next partial result is due.

    Attributes
    ----------
    fraction : float
        What the computation says is done; one to a tolerance says it of its step limit.
    """

    def __init__(self) -> None:
        self.fraction = 0.0
        self._forecast: Forecast | None = None
        self._began = self._due = self._told = time.monotonic()

    def start(self, forecast: Forecast | None = None) -> None:
        """Begin anew, with another attribution and the forecast of its end."""
        self.fraction, self._forecast, self._began = 0.0, forecast, time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    @property
    def share(self) -> float:
        """The fraction of the attribution's time that is over, as far as can be told."""
        end = self._foreseen()
        return self.fraction if end is None else min(self.elapsed / max(end, 1e-9), _ALMOST)

    def due(self) -> bool:
        """Whether to tell a partial result now; if so, the next one is due an interval later."""
        now = time.monotonic()
        if now < self._due:
            return False
        self._due, self._told = now + _INTERVAL, now
        return True

    def quiet(self) -> bool:
        """Whether nothing was told for long; if so, something is told now."""
        now = time.monotonic()
        if now - self._told < _SILENCE:
            return False
        self._told = now
        return True

    def remaining(self, parts: int = 1) -> float | None:
        """Seconds left for `parts` attributions like this one; None where that is unknown."""
        end = self._end()
        return None if end is None else max(parts * end - self.elapsed, 0.0)

    def _end(self) -> float | None:
        """Seconds that this attribution takes altogether, None where that is unknown."""
        foreseen = self._foreseen()
        if foreseen is not None:
            return foreseen
        if self.fraction <= 0 or (self._forecast is not None and self._forecast.begun):
            return None
        end = self.elapsed / self.fraction
        return end if self._forecast is None or end - self.elapsed <= SHORT else None

    def _foreseen(self) -> float | None:
        end = None if self._forecast is None else self._forecast.end
        return None if end is None else max(end, self.elapsed)
