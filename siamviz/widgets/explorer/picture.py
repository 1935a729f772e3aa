"""The picture of the pair that is looked at: computed beside everything else, the latest only."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from ipywidgets import VBox

from siamviz.attribution import PairAttribution
from siamviz.errors import InvalidArgumentError
from siamviz.widgets.jobs import sentence
from siamviz.widgets.opening import of_result
from siamviz.widgets.pair_view import PairView
from siamviz.widgets.worker import Job, Worker

if TYPE_CHECKING:
    from siamviz.study.run import Run

_WAITING = "siamviz-waiting"


class StoredView(PairView):
    """A view of finished results, one after the other."""

    def show(self, pair: PairAttribution) -> None:
        """Show another result; unit, view and colours stay as they were chosen."""
        opening = of_result(pair, [], {})
        kept = {"unit", "folded"} if self.unit in opening.units else set[str]()
        self.finished, self._deferring = False, True
        self.units, self.similarities = opening.units, opening.similarities
        with self.hold_sync():
            for name, value in opening.facts.items():
                self.set_trait(name, value)
            self.pins = []
            for name, value in opening.traits.items():
                if name not in kept:
                    setattr(self, name, value)
            assert opening.found is not None
            self._adopt(opening.found)
        self.finished, self._deferring = True, False


class Picture(VBox):
    """The pair view beside the list.

    The stored attribution is shown, or computed where there is none. When it is live, the view
    computes with the run's model instead: then layer, baseline and steps can be changed.

    Parameters
    ----------
    run : Run
    tell : callable
        Told whether a pair is being computed, and with a sentence if that failed.
    theme : {"auto", "light", "dark"}
    """

    def __init__(self, run: Run, tell: Callable[[bool, str], None], theme: str) -> None:
        self._run, self._tell, self._theme = run, tell, theme
        self._worker, self._numbers = Worker(), count(1)
        self._latest: Job[None] | None = None
        self._row: int | None = None
        self._lock = threading.RLock()
        self._stored: StoredView | None = None
        self._live_view: PairView | None = None
        self._live = False
        super().__init__([])
        self.add_class("siamviz-picture")

    @property
    def view(self) -> PairView | None:
        """The pair view that is shown."""
        return self.children[0] if self.children else None

    def show(self, row: int | None) -> None:
        """Show the pair of a row as soon as it is there; a newer call supersedes this one."""
        with self._lock:
            self._row = row
            if self._latest is not None:
                self._latest.cancel.set()
            if row is None:
                return
            self.add_class(_WAITING)
            job = Job(next(self._numbers), lambda job: self._work(job, row), self._over)
            self._latest = job
        self._tell(True, "")
        self._worker.submit(job)

    def set_live(self, live: bool) -> None:
        """Compute with the run's model, or show what is stored."""
        self._live = live
        self.show(self._row)

    def wait(self) -> None:
        """Wait until the latest picture is there."""
        if self._latest is not None:
            self._latest.done.wait()

    def close(self) -> None:
        """Stop computing and close the views."""
        if self._latest is not None:
            self._latest.cancel.set()
        for view in (self._stored, self._live_view):
            if view is not None:
                view.close()
        super().close()

    def set_theme(self, theme: str) -> None:
        """Show light or dark colours."""
        self._theme = theme
        for view in (self._stored, self._live_view):
            if view is not None:
                view.theme = theme

    def _work(self, job: Job[None], row: int) -> None:
        if self._live:
            self._put(job, self._computing(row))
            return
        pair = self._run.pair(row)
        with self._lock:
            if job.cancel.is_set():
                return
            if self._stored is None:
                self._stored = StoredView(pair, theme=self._theme)
            else:
                self._stored.show(pair)
        self._put(job, self._stored)

    def _computing(self, row: int) -> PairView:
        texts = self._run.sql("SELECT text_a, text_b FROM pairs WHERE row = ?", [row]).iloc[0]
        asked = self._run.settings
        if any((asked.prompt_a, asked.prompt_b, asked.task_a, asked.task_b)):
            raise InvalidArgumentError(
                "This run was made with prompts or tasks, which a live view cannot take. Turn Live "
                "off to see the stored attribution, or use Explainer.explain."
            )
        if self._live_view is None:
            rule: dict[str, Any] = {"rule": asked.rule, "steps": asked.steps}
            if asked.tolerance is not None:
                rule = {"rule": asked.rule, "tolerance": asked.tolerance}
            self._live_view = PairView(
                self._run.explainer, texts.text_a, texts.text_b, theme=self._theme,
                layer=asked.layer, baseline=asked.baseline, similarity=asked.similarity, **rule,
            )  # fmt: skip
        else:
            with self._live_view.hold_trait_notifications():
                self._live_view.text_a, self._live_view.text_b = texts.text_a, texts.text_b
        return self._live_view

    def _put(self, job: Job[None], view: PairView) -> None:
        with self._lock:
            if job.cancel.is_set():
                return
            if self.view is not view:
                self.children = (view,)
            self.remove_class(_WAITING)

    def _over(self, job: Job[None]) -> None:
        with self._lock:
            if job is not self._latest:
                return
        failed = job.error is not None and not job.cancelled
        self._tell(False, sentence(job.error) if failed and job.error else "")
