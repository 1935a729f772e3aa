"""Answering a view's request on the worker thread, with partial results on the way."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from siamviz.attribution import PairAttribution
from siamviz.deletion import DeletionEffects
from siamviz.errors import CancelledError, SiamvizError
from siamviz.export.frame import pack
from siamviz.widgets.history import Histories, History, extend
from siamviz.widgets.request import Question, Request
from siamviz.widgets.worker import Job

if TYPE_CHECKING:
    from siamviz.explainer import Explainer

Slot = Literal["main", "other"]
Tell = Callable[[dict[str, Any], bytes | None], None]

_INTERVAL = 0.1
"""Seconds between two partial results, at least."""
_SILENCE = 0.25
"""Seconds without a message after which the fraction done is told on its own."""
_PATIENCE = 0.3
"""Seconds after which a preview is worth its time."""
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
    """

    main: PairAttribution
    other: PairAttribution | DeletionEffects | None
    main_frame: bytes
    other_frame: bytes
    history: History = ()


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
        self._pace = Pace()
        self._shown = before is not None and before[0].main.texts == request.main.texts

    def run(self) -> Found:
        """Return the answer, having told partial results on the way."""
        request = self._request
        other, other_frame = None, b""
        if request.deletion:
            other, other_frame = self._deletion()
        main, main_frame, history = self._main()
        if request.other is not None:
            other, history_of_other = self._attribute("other", request.other)
            other_frame = self._final("other", other, history_of_other)
        return Found(main, other, main_frame, other_frame, history)

    def _deletion(self) -> tuple[DeletionEffects, bytes]:
        question = self._request.main
        explainer = self._load(question.model)
        found = question.preview(explainer)
        frame = pack(found, model=explainer.name)
        self._send("other", frame, final=True)
        return found, frame

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
        self._pace.start()
        points: list[tuple[int, float]] = []
        latest = None

        def between() -> bool:
            if slot == "main" and not self._shown and self._pace.elapsed > _PATIENCE:
                self._preview(question, explainer)
            return self._job.cancel.is_set()

        for latest in question.answers(explainer, self._progress, between):
            extend(points, latest)
            if latest.progress < 1 and self._pace.due():
                self._shown = True
                self._send(slot, pack(latest, history=points), final=False)
            if self._job.cancel.is_set():
                raise CancelledError("The computation was cancelled.")
        assert latest is not None
        self._finished += 1
        return latest, self._histories.curve(question, tuple(points))

    def _preview(self, question: Question, explainer: Explainer) -> None:
        self._shown = True
        with contextlib.suppress(SiamvizError):
            found = question.preview(explainer)
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
        fraction = (self._finished + self._pace.fraction) / self._parts
        return {"fraction": fraction, "remaining": self._pace.remaining(left)}


class Pace:
    """How fast one attribution goes, and when the next partial result is due."""

    def __init__(self) -> None:
        self.fraction = 0.0
        self._began = self._due = self._told = time.monotonic()

    def start(self) -> None:
        """Begin with another attribution."""
        self.fraction, self._began = 0.0, time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

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

    def remaining(self, parts: float = 1) -> float | None:
        """Seconds left for `parts` attributions like this one; None before anything is done."""
        if self.fraction <= 0:
            return None
        return self.elapsed * (parts - self.fraction) / self.fraction
