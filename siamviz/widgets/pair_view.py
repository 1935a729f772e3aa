"""`PairView`: an interactive view of why a sentence encoder finds two texts similar."""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comm import DummyComm
from traitlets import Any as Anything
from traitlets import TraitError

from siamviz.attribution import PairAttribution
from siamviz.deletion import DeletionEffects
from siamviz.errors import InvalidArgumentError, SiamvizError, check_layer
from siamviz.export.bundle import PAIR_VIEW
from siamviz.export.escape import visible
from siamviz.export.html import to_html
from siamviz.export.page import Result, as_shown, to_page
from siamviz.export.save import check_target, encode, write
from siamviz.monitor import Progress
from siamviz.quadrature import Adaptive
from siamviz.widgets import choices
from siamviz.widgets.answers import Answers
from siamviz.widgets.computation import Found
from siamviz.widgets.jobs import Jobs
from siamviz.widgets.opening import Opening, computed_by, of_model, of_result
from siamviz.widgets.request import Question, Request, compared
from siamviz.widgets.saving import Choice, Saved, choices_of, results_of
from siamviz.widgets.selection import Selection, fits, select
from siamviz.widgets.traits import ViewTraits
from siamviz.widgets.worker import Job

if TYPE_CHECKING:
    from siamviz.explainer import Explainer
    from siamviz.story import Story

logger = logging.getLogger("siamviz")
_PATIENCE = 0.5
"""Seconds for which a cell that shows a view waits for the result, to keep a static picture."""


class PairView(ViewTraits):
    """An interactive view of a pair: an anywidget for Jupyter, VS Code, Colab and marimo.

    Every control is a trait: ``view.layer = 3`` computes anew and moves the control, and moving the
    control sets ``view.layer``. Computations run on one worker thread for each explainer, a newer
    one cancels the older, and the kernel stays free. Without a kernel they run when `attribution`
    is asked for.

    Parameters
    ----------
    source : Explainer or PairAttribution
        A model to compute with, or a finished result to look at.
    text_a, text_b : str
        With an explainer.
    **traits
        Any of the traits below.

    Attributes
    ----------
    text_a, text_b : str
        The texts.
    layer : int
        0 is the input of the first encoder layer, −1 the output of the last.
    baseline : str, Corpus, array or list
        One of `baselines`, a text, or whatever else `Explainer.explain` takes.
    rule : {"adaptive", "calibrated", "gauss-legendre", "midpoint", "trapezoid", "right-riemann"}
        "adaptive" refines to `tolerance`, all others take `steps` nodes.
    steps : int
    tolerance : float
    references : int
        How many references each side gets with ``baseline="corpus"``.
    compare : dict or None
        What to show beside it: ``{"baseline": "mask"}``, ``{"layer": 3}``, ``{"text_b": "…"}``,
        ``{"method": "deletion"}``, ``{"model": explainer or name}``.
    similarity : {"cosine", "dot"}
    unit : {"token", "word", "sentence"}
    folded : bool
        Give each token its share of the reference, so that the pairs alone sum to the score.
    view : {"matrix", "links", "pairs", "compare"}
    top_k : int
        Show so many of the strongest pairs; 0 shows all.
    threshold : float
        Show only pairs of at least this absolute effect.
    special : bool
        Whether special tokens have rows and columns.
    limit : float or None
        The absolute effect at both ends of the colours; None fits it to the result.
    pins : list of {"a": [int], "b": [int]}
        Pinned blocks by the indices of the finest tokens; an empty list is all of a side.
    theme : {"auto", "light", "dark"}
    model_name : str
        Read only, as are the following.
    layers : int
    baselines : list of str
    live : bool
        Whether there is a model.

    Raises
    ------
    InvalidArgumentError, ArgumentTypeError
        For a value that makes no sense; a trait that is set to one keeps its value.
    FrontEndMissingError
        In a clone whose front end is not built.

    Examples
    --------
    >>> view = PairView(explainer, "A cat sleeps.", "The kitten naps.", unit="word")
    >>> view.layer = 3
    >>> view.attribution.settings.layer
    3
    """

    if PAIR_VIEW.built():
        _esm = PAIR_VIEW.module()
        _css = PAIR_VIEW.sheet()

    def __init__(
        self,
        source: Explainer | PairAttribution,
        text_a: str | None = None,
        text_b: str | None = None,
        **traits: Any,
    ) -> None:
        PAIR_VIEW.check_built()
        choices.check_names(traits, self.settings())
        opening = self._open(source, text_a, text_b, traits)
        self._explainer, self._found = opening.explainer, opening.found
        self._similarity = opening.similarity
        self.units, self.similarities = opening.units, opening.similarities
        self.computes = self._explainer is not None
        self._setting = threading.RLock()
        self._arrived = self._found
        self._given: dict[str, Any] = {}
        self._jobs: Jobs | None = None
        self._deferring = False
        self._story: Story | None = None
        for name, value in opening.facts.items():
            self.set_trait(name, value)
        self._take_arrived()
        shown = {"view": "compare"} if traits.get("compare") else {}
        super().__init__(**{"layout": {"width": "100%"}, **shown, **opening.traits})
        self.finished = not self.computes
        self._offer_baseline()
        if self._explainer is not None:
            self._jobs = Jobs(
                self._explainer, self._send_event, self._adopt, self._begin, self._is_alone
            )
        answers = Answers(
            self.send, self._jobs, self._apply, self._asked, self._export, self._capture
        )
        self.on_msg(lambda _, content, __: answers.answer(content))
        self.observe(self._setting_changed, names=self.computations())
        if self._jobs is not None and not self._is_alone():
            self._ask()

    def _open(
        self,
        source: Explainer | PairAttribution,
        text_a: str | None,
        text_b: str | None,
        traits: dict[str, Any],
    ) -> Opening:
        if not isinstance(source, PairAttribution):
            return of_model(source, text_a, text_b, traits)
        texts = {"text_a": text_a, "text_b": text_b}
        given = [name for name, text in texts.items() if text is not None]
        return of_result(source, [*given, *(set(traits) & set(self.computations()))], traits)

    @property
    def attribution(self) -> PairAttribution:
        """The attribution of the present settings, in the similarity, unit and fold shown.

        Waits for it if need be.

        Raises
        ------
        SiamvizError
            What the computation raised, such as `CancelledError` after Cancel.
        """
        return self._as_shown(self._result().main)

    @property
    def comparison(self) -> PairAttribution | DeletionEffects | None:
        """What it is compared with, in the same similarity and unit; None without `compare`."""
        found = self._result()
        if found.error is not None:
            raise found.error
        other = found.other
        if isinstance(other, PairAttribution):
            return self._as_shown(other)
        return other and other.as_similarity(self.similarity).by(self.unit)

    @property
    def selection(self) -> list[Selection]:
        """The pinned blocks with their exact sums; pins that other texts had are left out."""
        pair = self._result().main.as_similarity(self.similarity)
        pair = pair.fold() if self.folded else pair
        return [select(pair, pin) for pin in self.pins if fits(pair, pin)]

    @property
    def story(self) -> Story | None:
        """The `siamviz.Story` that the button “Add to story” adds to.

        It is the one that the view was last added to, else the one that was made last.
        """
        return self._story

    @story.setter
    def story(self, story: Story | None) -> None:
        self._story = story

    def found(self) -> tuple[Found, Explainer | None]:
        """Return what answers the present settings, waited for, and what computed it."""
        return self._result(), self._explainer

    def cancel(self) -> None:
        """Stop computing within one batch; what is shown stays."""
        if self._jobs is not None:
            self._jobs.cancel()

    def save(
        self,
        path: str | Path,
        *,
        baselines: Iterable[Any] | None = None,
        layers: Iterable[int] | None = None,
        steps: Iterable[int] | None = None,
        progress: Progress | None = None,
    ) -> Saved:
        """Write what is shown to a file.

        Parameters
        ----------
        path : str or path
            Ends in .html (the same view, live without a kernel), .svg, .pdf, .png, .tex, .json or
            .csv.
        baselines, layers, steps : iterable, optional
            What readers of the page can choose from; each combination is computed now.
        progress : callable, optional
            Called with the fraction done, 0 to 1.

        Returns
        -------
        Saved
            The path, the size in bytes, and how many results the page holds.

        Raises
        ------
        InvalidArgumentError
            For an unknown suffix, and for choices where nothing can be computed.
        """
        target = check_target(path)
        suffix = target.suffix.lower()
        asked = not (baselines is None and layers is None and steps is None)
        if asked and suffix != ".html":
            raise InvalidArgumentError(
                f"Only a page can offer baselines, layers or steps, not {target.name!r}. "
                "Use a name that ends in .html."
            )
        offered = self._offered(baselines, layers, steps) if asked else []
        found = self._result()
        results: list[Result] = []
        if offered:
            assert self._jobs is not None
            main, compare, load = self._request().main, self._compared, self._jobs.load
            results = results_of(offered, main, self.references, compare, load, progress)
        content = self._encode(suffix, found, results)
        write(target, content)
        return Saved(target, len(content), max(len(results), 1))

    def close(self) -> None:
        """Stop computing and remove the view."""
        if getattr(self, "_jobs", None) is not None:
            self.cancel()
        super().close()

    def resolve_baseline(self, value: Any) -> Any:
        """Return the baseline that a value is, or that the label of one given before names."""
        if self._explainer is None:
            return value
        known = self._given.get(value) if isinstance(value, str) else None
        return choices.check_baseline(value, self._explainer) if known is None else known

    def label_of(self, baseline: Any) -> str:
        """Return what a baseline is called; equal names of different ones are numbered."""
        label = choices.baseline_label(baseline)
        if isinstance(baseline, str):
            return label
        key, name, number = choices.baseline_key(baseline), label, 1
        while choices.baseline_key(self._given.setdefault(name, baseline)) != key:
            number += 1
            name = f"{label} ({number})"
        return name

    @contextmanager
    def hold_trait_notifications(self) -> Generator[None]:
        """Set several traits at once: one computation follows, or all go back on an error."""
        try:
            with self._setting, super().hold_trait_notifications():
                yield
        finally:
            self._take_arrived()

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take traits from the front end; a bad value is told there and changes nothing."""
        writable = {name: value for name, value in sync_data.items() if self._is_writable(name)}
        try:
            super().set_state(writable)
        except (SiamvizError, TraitError) as error:
            self.send_state(list(writable))
            self.send({"kind": "failed", "job": None, "error": str(error)})

    def _is_writable(self, name: str) -> bool:
        trait = self.traits().get(name)
        return trait is not None and not trait.read_only

    def _is_alone(self) -> bool:
        """Whether no kernel carries messages to a front end."""
        return self.comm is None or isinstance(self.comm, DummyComm)

    def _setting_changed(self, change: Any) -> None:
        if change["name"] == "baseline":
            self._offer_baseline()
        if change["name"] == "compare" and change["new"] and not self._deferring:
            self.view = "compare"
        if not self._deferring and not self._is_alone():
            self._ask()

    def _offer_baseline(self) -> None:
        """Let the front end name a baseline that is no plain name."""
        label = self.label_of(self.baseline)
        if label not in self.baselines:
            self.set_trait("baselines", [*self.baselines, label])

    def _request(self) -> Request:
        """Return what the present settings ask for."""
        assert self._explainer is not None
        main = Question(
            self._explainer,
            self.text_a,
            self.text_b,
            self.layer,
            choices.with_references(self.baseline, self.references),
            choices.rule_of(self.rule, self.steps, self.tolerance),
            self._similarity,
        )
        return self._compared(main)

    def _compared(self, main: Question) -> Request:
        return compared(main, self.compare, self.references)

    def _ask(self) -> Job[Found]:
        """Return the job of the present settings, started if there was none."""
        assert self._jobs is not None
        job, new = self._jobs.prepare(self._request(), retry=False)
        if new:
            self._jobs.start(job, self._asked())
        return job

    def _asked(self) -> dict[str, Any]:
        return self.get_state(self.computations())

    def _result(self) -> Found:
        """Wait for what the present settings give."""
        if self._jobs is not None:
            return self._jobs.result(self._ask)
        assert self._found is not None
        return self._found

    def _adopt(self, found: Found) -> None:
        """Keep a result and let the front end keep it."""
        self._found = self._arrived = found
        self._take_arrived()

    def _begin(self) -> None:
        with self._setting:
            self.set_trait("_stale", self._found is not None)

    def _take_arrived(self) -> None:
        """Set the traits of a result, unless several traits are being set at once.

        Then whoever sets them does this afterwards: the worker must never wait, for the setter may
        be waiting for it. What arrives while traits are set here is taken in another round.
        """
        while self._arrived is not None and self._setting.acquire(blocking=False):
            try:
                if self._cross_validation_lock:
                    return
                found, self._arrived = self._arrived, None
                self._show(found)
            finally:
                self._setting.release()

    def _show(self, found: Found) -> None:
        self.set_trait("_frame", found.main_frame)
        self.set_trait("_other", found.other_frame)
        self.set_trait("_stale", self._jobs is not None and not self._jobs.answered_by(found))

    def _as_shown(self, pair: PairAttribution) -> PairAttribution:
        return as_shown(pair, self.get_state(["similarity", "unit", "folded"]))

    def _choice(self) -> Choice:
        fixed = self.rule != Adaptive.key
        steps = self.steps if fixed else None
        return Choice(self.label_of(self.baseline), self.baseline, self.layer, self.rule, steps)

    def _offered(
        self,
        baselines: Iterable[Any] | None,
        layers: Iterable[int] | None,
        steps: Iterable[int] | None,
    ) -> list[Choice]:
        """Return what a page is to offer, checked."""
        if self._explainer is None:
            raise InvalidArgumentError(
                "This view has no model, so its page can offer nothing but the result shown. "
                "Make one that computes with PairView(explainer, text_a, text_b)."
            )
        return choices_of(
            self._choice(),
            None if baselines is None else map(self.resolve_baseline, baselines),
            None if layers is None else (check_layer(n, self.layers) for n in layers),
            steps,
            self.label_of,
        )

    def _encode(self, suffix: str, found: Found, results: list[Result]) -> bytes:
        """Return the content of a file with this suffix."""
        if suffix != ".html":
            return encode(self._as_shown(found.main), suffix)
        state = self.get_state([*self.settings(), "model_name", "layers", "baselines"])
        if self._jobs is not None and not self._jobs.answered_by(found):
            state |= {**computed_by(found.main), "compare": None}
            found = replace(found, other=None, other_frame=b"")
        steps = None if state["rule"] == Adaptive.key else state["steps"]
        own = Result(
            {name: state[name] for name in ("baseline", "layer", "rule")} | {"steps": steps},
            found.main_frame,
            found.other_frame,
        )
        page = to_page(found.main, state=state, results=results or [own])
        return page.encode("utf-8")

    def _send_event(self, message: dict[str, Any], frame: bytes | None) -> None:
        self.send(message, None if frame is None else [frame])

    def _apply(self, settings: dict[str, Any]) -> Request:
        """Set what the front end asks for, all of it or nothing, and return the request."""
        self._deferring = True
        try:
            with self.hold_trait_notifications():
                for name, value in settings.items():
                    setattr(self, name, value)
        finally:
            self._deferring = False
        return self._request()

    def _capture(self) -> str:
        """Add a slide with what is shown, and say where."""
        from siamviz.story import Story

        self._check_found("Add it to a story")
        if self._jobs is not None and not self._jobs.answered_by(self._found):
            raise InvalidArgumentError(
                "The picture is not of the settings shown. Add it when the result is there."
            )
        story = self._story if self._story is not None else Story.latest()
        story.add(self)
        return f"Added to {visible(story.title) or 'the story'} as slide {len(story)}."

    def _check_found(self, what: str) -> None:
        if self._found is None:
            raise InvalidArgumentError(f"Nothing is computed yet. {what} when the result is there.")

    def _export(self, kind: str) -> bytes:
        self._check_found("Export")
        assert self._found is not None
        return self._encode(f".{kind}", self._found, [])

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Return the widget and, where it is there in time, a static picture for viewers without.

        GitHub, e-mail and the like show the picture.
        """
        made = super()._repr_mimebundle_(**kwargs)
        still = self._still()
        if made is None or not still:
            return made
        bundle_, metadata = made if isinstance(made, tuple) else (made, {})
        return {**bundle_, **still}, metadata

    def _still(self) -> dict[str, str]:
        try:
            waits = self._jobs is not None and not self._is_alone()
            if waits and not self._ask().done.wait(_PATIENCE):
                return {}
            pair = self.attribution
        except Exception:
            logger.exception("A view has no static picture")
            return {}
        return {
            "text/plain": visible(str(pair)),
            "text/html": to_html(pair, page=False, compact=True),
        }

    def __repr__(self) -> str:
        return (
            f"PairView({self.text_a!r:.60}, {self.text_b!r:.60}, model={self.model_name!r}, "
            f"layer={self.layer}, baseline={choices.baseline_label(self.baseline)!r})"
        )


class UnshownView(PairView):
    """A view that no front end hears of."""

    layout: Any = Anything()

    def open(self) -> None:
        """Leave the front end alone; traits take their defaults, as when it is told of them."""
        self.get_state()
