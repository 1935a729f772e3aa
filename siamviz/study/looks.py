"""The colours of a theme, and the ranges and bins that a run is drawn in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from siamviz.color import DARK, LIGHT, PAGE_DARK, PAGE_LIGHT

Theme = Literal["light", "dark"]

FEW = 10_000
"""So many pairs at most are drawn as points; more are counted in cells."""
BINS = 44
ROWS = 60
"""Cells along score."""
COLUMNS = 40
"""Cells along gold, unless gold scores have steps of their own."""
FULL = 0.7
"""The error at which colours are strongest."""

_FAINT = 20
"""Entries of the colour table on either side of 0 that are too faint for a point."""


@dataclass(frozen=True)
class Look:
    """The colours of a theme.

    Attributes
    ----------
    page, text, quiet, line : str
        Background, text, axis labels, and lines.
    rest : str
        What is not selected.
    accent : str
        Gestures, and lines that carry no sign.
    effects : list of str
        256 colours from the most negative to the most positive.
    """

    page: str
    text: str
    quiet: str
    line: str
    rest: str
    accent: str
    effects: list[str]

    @classmethod
    def of(cls, theme: Theme) -> Look:
        """Return the colours of a theme."""
        table = DARK if theme == "dark" else LIGHT
        effects = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in table]
        if theme == "dark":
            return cls(PAGE_DARK, "#eceff3", "#a0a8b3", "#2c3037", "#5b636f", "#7cb9f2", effects)
        return cls(PAGE_LIGHT, "#15191f", "#5d6672", "#e4e7eb", "#a3abb5", "#0d57a1", effects)

    @property
    def errors(self) -> list[str]:
        """The same without those near 0, for marks that have to be seen."""
        return self.effects[: 128 - _FAINT] + self.effects[128 + _FAINT :]


@dataclass(frozen=True, eq=False)
class Frame:
    """The ranges and bins of a dataset's figures.

    Attributes
    ----------
    low, high : float
        The range of scores.
    edges : (BINS + 1,) float64
        Of the histogram: of differences, or of scores where there is no gold.
    columns : int
        Cells along gold have their middles at 0, 1 / columns, …, 1.
    points : bool
        Whether pairs are drawn as points.
    """

    low: float
    high: float
    edges: NDArray[np.float64]
    columns: int
    points: bool

    @classmethod
    def of(cls, score: NDArray[np.float64], difference: NDArray[np.float64] | None) -> Frame:
        """Return what fits N pairs; without gold there are no differences."""
        known = score[np.isfinite(score)]
        low, high = min(0.0, float(known.min(initial=0))), max(1.0, float(known.max(initial=1)))
        few = len(score) <= FEW
        if difference is None:
            return cls(low, high, np.linspace(low, high, BINS + 1), COLUMNS, few)
        reach = float(np.abs(difference[np.isfinite(difference)]).max(initial=0.1))
        edges = np.linspace(-reach, reach, BINS + 1)
        return cls(low, high, edges, _columns(score - difference), few)


def _columns(gold: NDArray[np.float64]) -> int:
    """Return how many steps from 0 to 1 gold scores are multiples of, if these are few."""
    values = np.unique(gold[np.isfinite(gold)].round(6))
    for steps in range(10, ROWS + 1):
        if np.abs(values * steps - np.rint(values * steps)).max(initial=0.0) < 1e-3:
            return steps
    return COLUMNS
