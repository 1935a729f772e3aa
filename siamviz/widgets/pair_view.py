"""`PairView`: an interactive view of why a sentence encoder finds two texts similar."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comm import DummyComm
from traitlets import TraitError

from siamviz.attribution import PairAttribution
from siamviz.deletion import DeletionEffects
from siamviz.errors import ArgumentTypeError, InvalidArgumentError, SiamvizError, suggest
from siamviz.export import bundle
from siamviz.export.compose import model_title
from siamviz.export.frame import pack
from siamviz.export.html import to_html
from siamviz.export.page import Result, as_shown, to_page
from siamviz.export.save import check_target, encode, write_atomically
from siamviz.monitor import Progress
from siamviz.quadrature import RULE_NAMES, Adaptive
from siamviz.units import COARSER, UNITS
from siamviz.widgets import choices, messages
from siamviz.widgets.computation import Found
from siamviz.widgets.jobs import Jobs, sentence
from siamviz.widgets.request import Question, Request, compared
from siamviz.widgets.saving import Choice, Saved, choices_of, results_of
from siamviz.widgets.selection import Selection, fits, select
from siamviz.widgets.traits import ViewTraits
from siamviz.widgets.worker import Job

if TYPE_CHECKING:
    from siamviz.explainer import Explainer

logger = logging.getLogger("siamviz")
_PATIENCE = 1.0
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

    if bundle.built():
        _esm = bundle.SCRIPT
        _css = bundle.STYLE

    def __init__(
        self,
        source: Explainer | PairAttribution,
        text_a: str | None = None,
        text_b: str | None = None,
        **traits: Any,
    ) -> None:
        bundle.check_built()
        _check_names(traits, self.settings())
        self._lock = threading.RLock()
        self._given: dict[str, Any] = {}
        self._found: Found | None = None
        self._explainer: Explainer | None = None
        self._jobs: Jobs | None = None
        self._deferring = False
        if isinstance(source, PairAttribution):
            traits = self._open_result(source, text_a, text_b, traits)
        else:
            traits = self._open_model(source, text_a, text_b, traits)
        super().__init__(**traits)
        self.finished = self._explainer is None
        self._offer_baseline()
        self.on_msg(self._answer)
        self.observe(self._setting_changed, names=self.computations())
        if self._explainer is not None:
            self._jobs = Jobs(
                self._explainer, self._lock, self._send_event, self._adopt, self._is_alone
            )
            if not self._is_alone():
                self._ask()

    def _open_model(
        self, explainer: Any, text_a: str | None, text_b: str | None, traits: dict[str, Any]
    ) -> dict[str, Any]:
        from siamviz.explainer import Explainer

        if not isinstance(explainer, Explainer) or text_a is None or text_b is None:
            raise ArgumentTypeError(
                "PairView takes an Explainer and two texts, as in PairView(explainer, text_a, "
                f"text_b), or a PairAttribution; got {type(explainer).__name__} and "
                f"{sum(text is not None for text in (text_a, text_b))} texts."
            )
        with choices.as_trait_errors():
            layers = explainer.layers(text_a)
            self._measure = traits.get("similarity") or explainer.similarity
        self._explainer = explainer
        self.set_trait("model_name", model_title(explainer.name))
        self.set_trait("layers", layers)
        self.set_trait("baselines", choices.supported_baselines(explainer))
        self.set_trait("live", True)
        return {"text_a": text_a, "text_b": text_b, "similarity": self._measure, **traits}

    def _open_result(
        self,
        pair: PairAttribution,
        text_a: str | None,
        text_b: str | None,
        traits: dict[str, Any],
    ) -> dict[str, Any]:
        fixed = [name for name in traits if name in self.computations()]
        if fixed or text_a is not None or text_b is not None:
            raise ArgumentTypeError(
                f"A view of a finished result cannot be given {', '.join(fixed) or 'other texts'}, "
                "which a model would have to compute. Use PairView(explainer, text_a, text_b)."
            )
        settings = pair.settings
        self._found = Found(pair, None, pack(pair), b"")
        self.units = (pair.unit, *(u for u in UNITS if u in COARSER.get(pair.unit, ())))
        self.similarities = tuple(pair.scores)
        self.set_trait("model_name", model_title(settings.model))
        self.set_trait("layers", settings.layers)
        self.set_trait("baselines", [settings.baseline])
        self.set_trait("live", False)
        self.set_trait("_frame", self._found.main_frame)
        shown = {"similarity": pair.similarity, "unit": pair.unit, "folded": pair.folded}
        asked = {
            "text_a": pair.text_a,
            "text_b": pair.text_b,
            "layer": settings.layer,
            "baseline": settings.baseline,
            **_rule_traits(settings.rule),
        }
        return {**asked, **shown, **traits}

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
        """What it is compared with, in the same unit; None without `compare`."""
        other = self._result().other
        if isinstance(other, PairAttribution):
            return self._as_shown(other)
        return other if other is None or self.unit == other.unit else other.by(self.unit)

    @property
    def selection(self) -> list[Selection]:
        """The pinned blocks with their exact sums; pins that other texts had are left out."""
        pair = self._result().main.as_similarity(self.similarity)
        pair = pair.fold() if self.folded else pair
        return [select(pair, pin) for pin in self.pins if fits(pair, pin)]

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
            Ends in .html (the same view, live without a kernel), .svg, .png, .json or .csv.
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
        target = Path(path)
        check_target(target)
        suffix = target.suffix.lower()
        asked = not (baselines is None and layers is None and steps is None)
        if asked and suffix != ".html":
            raise InvalidArgumentError(
                f"Only a page can offer baselines, layers or steps, not {target.name!r}. "
                "Use a name that ends in .html."
            )
        found = self._result()
        results: list[Result] = []
        if asked:
            offered = choices_of(self._choice(), baselines, layers, steps)
            results = results_of(offered, self._request().main, self.references, progress)
        content = self._encode(suffix, found, results)
        write_atomically(target, content)
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

    @contextmanager
    def hold_trait_notifications(self) -> Generator[None]:
        """Set several traits at once: one computation follows, or all go back on an error."""
        with self._lock, super().hold_trait_notifications():
            yield

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take traits from the front end; a bad value is told there and changes nothing."""
        writable = {name: value for name, value in sync_data.items() if self._is_writable(name)}
        try:
            with self._lock:
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
        if not self._deferring and not self._is_alone():
            self._ask()

    def _offer_baseline(self) -> None:
        """Let the front end name a baseline that is no plain name."""
        label = choices.baseline_label(self.baseline)
        if not isinstance(self.baseline, str):
            self._given[label] = self.baseline
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
            self._measure,
        )
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
        self._found = found
        self.set_trait("_frame", found.main_frame)
        self.set_trait("_other", found.other_frame)

    def _as_shown(self, pair: PairAttribution) -> PairAttribution:
        return as_shown(pair, self.get_state(["similarity", "unit", "folded"]))

    def _choice(self) -> Choice:
        fixed = self.rule != Adaptive.key
        return Choice(self.baseline, self.layer, self.rule, self.steps if fixed else None)

    def _encode(self, suffix: str, found: Found, results: list[Result]) -> bytes:
        """Return the content of a file with this suffix."""
        if suffix != ".html":
            return encode(self._as_shown(found.main), suffix)
        own = [Result(self._choice().settings, found.main_frame)]
        state = self.get_state([*self.settings(), "model_name", "layers", "baselines"])
        page = to_page(found.main, state=state, results=results or own, other=found.other_frame)
        return page.encode("utf-8")

    def _send_event(self, message: dict[str, Any], frame: bytes | None) -> None:
        self.send(message, None if frame is None else [frame])

    def _answer(self, _: Any, content: Any, buffers: Any) -> None:
        """Answer one message of the front end, whatever it is."""
        del buffers
        known = content.get("id") if isinstance(content, Mapping) else None
        try:
            asked = messages.parse(content)
            handlers = {
                "hello": self._hello,
                "compute": self._compute,
                "cancel": self._cancel,
                "export": self._export,
            }
            handlers[asked.kind](asked)
        except Exception as error:
            if not isinstance(error, SiamvizError | TraitError):
                logger.exception("A message of the front end could not be answered")
            self.send({"id": known, "ok": False, "error": sentence(error)})

    def _hello(self, asked: messages.Asked) -> None:
        jobs = self._jobs
        running = jobs is not None and jobs.running
        job = jobs.latest.number if jobs is not None and jobs.latest is not None else None
        answer = {"id": asked.id, "ok": True, "job": job, "running": running, "live": self.live}
        self.send(answer)
        if jobs is not None and running:
            jobs.resend()

    def _compute(self, asked: messages.Asked) -> None:
        settings = asked.settings(self.computations())
        if self._jobs is None:
            raise InvalidArgumentError("This view has no model, so nothing can be computed anew.")
        self._deferring = True
        try:
            with self.hold_trait_notifications():
                for name, value in settings.items():
                    setattr(self, name, value)
        finally:
            self._deferring = False
        job, new = self._jobs.prepare(self._request(), retry=True)
        running = new or self._jobs.running
        self.send({"id": asked.id, "ok": True, "job": job.number, "running": running})
        if new:
            self._jobs.start(job, self._asked())
        else:
            self._jobs.resend()

    def _cancel(self, asked: messages.Asked) -> None:
        job = None if self._jobs is None else self._jobs.cancel()
        self.send({"id": asked.id, "ok": True, "job": job})

    def _export(self, asked: messages.Asked) -> None:
        kind = asked.format()
        if self._found is None:
            raise InvalidArgumentError("Nothing is computed yet. Export when the result is there.")
        content = self._encode(f".{kind}", self._found, [])
        answer = {"id": asked.id, "ok": True, "name": f"siamviz.{kind}"}
        self.send({**answer, "mime": messages.FORMATS[kind]}, [content])

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
        return {"text/html": to_html(pair, page=False)}

    def __repr__(self) -> str:
        return (
            f"PairView({self.text_a!r:.60}, {self.text_b!r:.60}, model={self.model_name!r}, "
            f"layer={self.layer}, baseline={choices.baseline_label(self.baseline)!r})"
        )


def _check_names(given: Iterable[str], known: list[str]) -> None:
    """Raise for a keyword that is no trait of a view."""
    for name in given:
        if name not in (*known, "layout"):
            raise ArgumentTypeError(
                f"{name!r} is no trait of PairView.{suggest(name, known)} There are "
                f"{', '.join(known)}."
            )


def _rule_traits(label: str) -> dict[str, Any]:
    """Return the traits that describe a result's rule, as far as its label tells."""
    told = re.fullmatch(r"([a-z-]+)\(([\d.e-]+)\)", label)
    if told is None or told[1] not in RULE_NAMES:
        return {}
    if told[1] == Adaptive.key:
        return {"rule": told[1], "tolerance": float(told[2])}
    return {"rule": told[1], "steps": int(told[2])}
