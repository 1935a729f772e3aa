"""What a view asks of the model: one attribution, and what it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from siamviz.attribution import PairAttribution
from siamviz.deletion import DeletionEffects
from siamviz.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    check_choice,
    check_layer,
    suggest,
)
from siamviz.quadrature import Rule
from siamviz.widgets.choices import (
    baseline_key,
    text,
    with_references,
)

if TYPE_CHECKING:
    from siamviz.explainer import Explainer

_BATCH = 24 * 2**20
"""Bytes a batch: small enough for several partial results, and for stopping soon."""

_COMPARABLE = ("baseline", "layer", "text_b", "method", "model")


@dataclass(frozen=True, eq=False)
class Question:
    """One attribution to compute.

    Attributes
    ----------
    model : Explainer or str
        A name is loaded when the question is answered.
    baseline : object
        Anything that `Explainer.explain` takes.
    """

    model: Explainer | str
    text_a: str
    text_b: str
    layer: int
    baseline: Any
    rule: Rule
    similarity: str

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """Equal keys mean equal results."""
        return *self.family, self.rule

    @cached_property
    def family(self) -> tuple[Any, ...]:
        """What questions have in common that differ in the rule alone."""
        model = self.model if isinstance(self.model, str) else id(self.model)
        baseline = baseline_key(self.baseline)
        return model, self.text_a, self.text_b, self.layer, baseline, self.similarity

    @property
    def texts(self) -> tuple[Any, ...]:
        """What tokens depend on."""
        return self.family[:3]

    def answers(
        self, explainer: Explainer, progress: Callable[[float], None], stop: Callable[[], bool]
    ) -> Iterator[PairAttribution]:
        """Ever better attributions; the last one is complete."""
        return explainer.explain_iter(
            self.text_a,
            self.text_b,
            layer=self.layer,
            baseline=self.baseline,
            quadrature=self.rule,
            similarity=self.similarity,
            progress=progress,
            cancel=stop,
            memory=_BATCH,
        )

    def preview(self, explainer: Explainer, stop: Callable[[], bool]) -> DeletionEffects:
        """Mixed deletion differences of the same pair, which take no integration."""
        return explainer.deletion(self.text_a, self.text_b, similarity=self.similarity, cancel=stop)


@dataclass(frozen=True, eq=False)
class Request:
    """A question, and what its answer is compared with.

    Attributes
    ----------
    main : Question
    other : Question or None
    deletion : bool
        Compare with the mixed deletion differences of `main`.
    """

    main: Question
    other: Question | None = None
    deletion: bool = False

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal keys mean equal results."""
        return self.main.key, self.other and self.other.key, self.deletion


def compared(main: Question, compare: Mapping[str, Any] | None, references: int) -> Request:
    """Return the request that the trait `compare` describes, as `check_compare` let it through."""
    if not compare:
        return Request(main)
    if "method" in compare:
        return Request(main, deletion=True)
    changes = dict(compare)
    if "baseline" in changes:
        changes["baseline"] = with_references(changes["baseline"], references)
    return Request(main, replace(main, **changes))


def check_compare(value: Any, layers: int, resolve: Callable[[Any], Any]) -> dict[str, Any] | None:
    """Return what to compare with, checked.

    Parameters
    ----------
    value : object
    layers : int
        The number of the model's layers.
    resolve : callable
        Checks a baseline and returns it.

    Raises
    ------
    InvalidArgumentError, ArgumentTypeError
        For something that cannot be compared, with what can.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ArgumentTypeError(f"compare must be None or a dict {_example()}, got {value!r:.60}.")
    for key in value:
        if key not in _COMPARABLE:
            raise InvalidArgumentError(
                f"compare has the unknown key {key!r:.40}. Use one {_example()}."
                f"{suggest(key, _COMPARABLE)}"
            )
    if not value or ("method" in value and len(value) > 1):
        raise InvalidArgumentError(
            f"compare={dict(value)!r:.80} says nothing to compare with, or too much. "
            f"Use one {_example()}."
        )
    checks: dict[str, Callable[[Any], Any]] = {
        "baseline": resolve,
        "layer": lambda given: check_layer(given, layers) if "model" not in value else given,
        "text_b": lambda given: text(None, "text_b of compare", given),
        "method": lambda given: check_choice("Method of compare", given, ("deletion",)),
        "model": _check_model,
    }
    return {key: checks[key](given) for key, given in value.items()}


def compare_to_json(
    value: dict[str, Any] | None, label_of: Callable[[Any], str]
) -> dict[str, Any] | None:
    """Return what to compare with as names, for the front end."""
    if value is None:
        return None
    named = dict(value)
    if "baseline" in named:
        named["baseline"] = label_of(named["baseline"])
    if "model" in named and not isinstance(named["model"], str):
        named["model"] = named["model"].name
    return named


def _check_model(given: Any) -> Any:
    from siamviz.explainer import Explainer

    if isinstance(given, str | Explainer):
        return given
    raise ArgumentTypeError(
        f"model of compare must be an Explainer or the name of a model, got {given!r:.60}."
    )


def _example() -> str:
    return (
        'like {"baseline": "mask"}, {"layer": 3}, {"text_b": "…"}, {"method": "deletion"} or '
        '{"model": explainer}'
    )
