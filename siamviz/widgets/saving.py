"""Files that a view writes, and the further results that its page offers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz.errors import InvalidArgumentError
from siamviz.export.frame import pack
from siamviz.export.page import Result
from siamviz.monitor import Monitor, Progress
from siamviz.quadrature import Adaptive, parse_rule
from siamviz.widgets.choices import with_references
from siamviz.widgets.history import extend
from siamviz.widgets.request import Question, Request

if TYPE_CHECKING:
    from siamviz.explainer import Explainer


@dataclass(frozen=True)
class Saved:
    """A file that was written.

    Attributes
    ----------
    path : Path
    size : int
        In bytes.
    results : int
        How many results a page holds.
    """

    path: Path
    size: int
    results: int = 1

    def __repr__(self) -> str:
        held = f", {self.results} results" if self.results > 1 else ""
        return f"Saved({str(self.path)!r}, {self.size / 1024:.0f} KiB{held})"


@dataclass(frozen=True)
class Choice:
    """One combination of settings that a page offers; `label` is what the baseline is called."""

    label: str
    baseline: Any
    layer: int
    rule: str
    steps: int | None

    @property
    def settings(self) -> Mapping[str, Any]:
        """The same as the front end knows it."""
        named = {"baseline": self.label, "layer": self.layer, "rule": self.rule}
        return {**named, "steps": self.steps}


def choices_of(
    shown: Choice,
    baselines: Iterable[Any] | None,
    layers: Iterable[int] | None,
    steps: Iterable[int] | None,
    label_of: Callable[[Any], str],
) -> list[Choice]:
    """Return all combinations of what was asked for; what was not stays as it is shown.

    Raises
    ------
    InvalidArgumentError
        If a list is empty.
    """
    axes = {"baselines": baselines, "layers": layers, "steps": steps}
    given = {name: list(values) for name, values in axes.items() if values is not None}
    for name, values in given.items():
        if not values:
            raise InvalidArgumentError(f"{name} is empty. Give at least one, or leave it out.")
    rule = "calibrated" if given.get("steps") and shown.rule == Adaptive.key else shown.rule
    return [
        Choice(label_of(baseline), baseline, layer, rule, count)
        for baseline, layer, count in product(
            given.get("baselines", [shown.baseline]),
            given.get("layers", [shown.layer]),
            given.get("steps", [shown.steps]),
        )
    ]


def results_of(
    choices: list[Choice],
    question: Question,
    references: int,
    compare: Callable[[Question], Request],
    load: Callable[[Explainer | str], Explainer],
    progress: Progress | None,
) -> list[Result]:
    """Compute a page's results, one for each choice, and what each is compared with.

    Parameters
    ----------
    choices : list of Choice
    question : Question
        What is shown.
    references : int
    compare : callable
        Adds to a question what its answer is compared with.
    load : callable
        Gives the explainer that a question's model means.
    progress : callable or None
    """
    whole = Monitor(progress=progress)
    results: list[Result] = []
    for choice in choices:
        request = compare(
            replace(
                question,
                layer=choice.layer,
                baseline=with_references(choice.baseline, references),
                rule=parse_rule(choice.rule, choice.steps) if choice.steps else question.rule,
            )
        )
        frame, other = _frames(request, load, whole.part(len(choices)))
        results.append(Result(choice.settings, frame, other))
    return results


def _frames(
    request: Request, load: Callable[[Explainer | str], Explainer], monitor: Monitor
) -> tuple[bytes, bytes]:
    main, other = request.main, request.other
    explainer = load(main.model)
    if other is not None:
        frame = _frame(main, explainer, monitor.part(2))
        return frame, _frame(other, load(other.model), monitor.part(2))
    frame = _frame(main, explainer, monitor)
    if not request.deletion:
        return frame, b""
    return frame, pack(main.preview(explainer, lambda: False), model=explainer.name)


def _frame(question: Question, explainer: Explainer, monitor: Monitor) -> bytes:
    history: list[tuple[int, float]] = []
    latest = None
    for latest in question.answers(explainer, monitor.report, lambda: False):
        extend(history, latest)
    assert latest is not None
    return pack(latest, history=history)
