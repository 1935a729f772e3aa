"""What a dataset run was asked to do, and the fingerprint that keeps runs apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

from siamviz.errors import ArgumentTypeError, DataError, check_layer
from siamviz.quadrature import Adaptive, Calibrated, GaussLegendre, Rule, parse_rule

if TYPE_CHECKING:
    from siamviz.explainer import Explainer

_WORD = "text"
DEFAULT_STEPS = 11
"""Calibrated nodes at which 95 % of texts have a relative residual of at most 2e-2."""


@dataclass(frozen=True)
class RunSettings:
    """All that the numbers of a run depend on, beside its pairs.

    Attributes
    ----------
    model : str
        The name or folder of the model.
    weights : str
        SHA-256 of its weights.
    configuration : str
        SHA-256 of all else that its embeddings depend on.
    layer : int
    baseline : str
        A name or a text.
    rule : str
        The name of the quadrature rule, with `steps` for a fixed one, else `tolerance` and
        `steps`, the largest number of nodes.
    similarity : {"cosine", "dot"}
    precision : str
    prompt_a, prompt_b, task_a, task_b : str or None
        As in `Explainer.explain`.
    """

    model: str
    weights: str
    configuration: str
    layer: int
    baseline: str
    rule: str
    steps: int
    tolerance: float | None
    similarity: str
    precision: str = "auto"
    prompt_a: str | None = None
    prompt_b: str | None = None
    task_a: str | None = None
    task_b: str | None = None

    @cached_property
    def quadrature(self) -> Rule:
        """The quadrature rule."""
        if self.rule == Adaptive.key:
            return Adaptive(self.tolerance or Adaptive().tolerance, self.steps)
        return parse_rule(self.rule, self.steps)

    @property
    def sided(self) -> bool:
        """Whether a text has other contributions as text A than as text B."""
        alike = self.prompt_a == self.prompt_b and self.task_a == self.task_b
        return self.baseline == "corpus" or not alike

    @property
    def roles(self) -> tuple[str, str]:
        """What tells apart the contributions of a text as A and as B: equal where they are."""
        return ("a", "b") if self.sided else ("", "")

    def options(self, role: str) -> dict[str, Any]:
        """Return what `Explainer.contributions` is asked for texts of a role."""
        side = role or "a"
        return {
            "side": side,
            "prompt": self.prompt_b if side == "b" else self.prompt_a,
            "task": self.task_b if side == "b" else self.task_a,
            "layer": self.layer,
            "baseline": self.baseline,
            "quadrature": self.quadrature,
            "precision": self.precision,
        }

    def pair_options(self) -> dict[str, Any]:
        """Return what `Explainer.explain` is asked."""
        options = self.options("")
        shared = ("layer", "baseline", "quadrature", "precision")
        own = ("similarity", "prompt_a", "prompt_b", "task_a", "task_b")
        return {name: options[name] for name in shared} | {n: getattr(self, n) for n in own}

    def fingerprint(self, data: Mapping[str, Any]) -> str:
        """Return a hash of these settings and of the pairs, however model and file are named."""
        parts = asdict(self) | {"model": "", "data": {**data, "name": "", "guessed": []}}
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RunSettings:
        """Restore what `to_dict` returned.

        Raises
        ------
        DataError
            If a setting is missing or unknown.
        """
        names = {field.name for field in fields(cls)}
        if set(data) != names:
            odd = min(names ^ set(data))
            raise DataError(
                f"The manifest's settings do not fit this version of siamviz: {odd!r}. "
                "Make the run again."
            )
        return cls(**data)


def settle(
    explainer: Explainer,
    *,
    layer: int,
    baseline: Any,
    quadrature: Rule | str | None,
    steps: int | None,
    precision: str,
    similarity: str | None,
    **sides: str | None,
) -> RunSettings:
    """Return the settings of a run with `explainer`, each of them tried on a word.

    Raises
    ------
    InvalidArgumentError, ArgumentTypeError
        For values that `Explainer.explain` refuses.
    """
    if not isinstance(baseline, str):
        raise ArgumentTypeError(
            f"The baseline of a dataset run is a name or a text, got {type(baseline).__name__}. "
            "Use for example 'pad' or 'corpus'; Explainer.explain takes the others."
        )
    rule = parse_rule(quadrature, steps) if quadrature is not None else None
    rule = rule or Calibrated(DEFAULT_STEPS if steps is None else steps)
    adaptive = isinstance(rule, Adaptive)
    layers = explainer.layers(_WORD)
    settings = RunSettings(
        model=explainer.name,
        weights=explainer.weights,
        configuration=explainer.configuration,
        layer=check_layer(layer, layers),
        baseline=baseline,
        rule=rule.key,
        steps=rule.max_steps if adaptive else rule.steps,
        tolerance=rule.tolerance if adaptive else None,
        similarity=similarity or explainer.similarity,
        precision=precision,
        **sides,
    )
    options: dict[str, Any] = settings.pair_options() | {"quadrature": GaussLegendre(1)}
    explainer.explain(_WORD, _WORD, **options)
    return settings
