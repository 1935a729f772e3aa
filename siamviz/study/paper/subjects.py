"""What a study is about: models, and how much of everything is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from siamviz.study.analysis import as_explainer

if TYPE_CHECKING:
    from siamviz.explainer import Explainer


@dataclass(frozen=True)
class Subject:
    """A model of the study.

    Attributes
    ----------
    name : str
        What tables call it.
    model : str
        Its name or folder.
    original : str or None
        For an exact model, the name of the subject that it was made of.
    """

    name: str
    model: str
    original: str | None = None

    @cached_property
    def explainer(self) -> Explainer:
        """The model, loaded once."""
        return as_explainer(self.model)


@dataclass(frozen=True)
class Sizes:
    """How much of everything is looked at.

    Attributes
    ----------
    pairs : int
        Pairs of texts that runs attribute, drawn at random.
    measured : int
        The first of these, whose tokens are deleted to see what matters.
    compared : int
        The first of these, on which models and baselines are compared.
    sentences : int
        The first of these, on which rules are compared.
    layer : int
        Of runs, and of what is measured and compared beside the layers.
    layers : tuple of int or None
        Of the comparisons of layers; default: all.
    steps : tuple of int
    probes : int or None
        Minimal pairs of each kind; default: all.
    samples, seed : int
        Of the bootstrap and of what is drawn.
    """

    pairs: int = 400
    measured: int = 200
    compared: int = 30
    sentences: int = 10
    layer: int = 0
    layers: tuple[int, ...] | None = None
    steps: tuple[int, ...] = (4, 8, 16, 32, 64)
    probes: int | None = None
    samples: int = 1000
    seed: int = 0
