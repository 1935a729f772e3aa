"""The data that the plots show, and what of it follows the selection.

Few pairs are points; many are counted in cells, whose strength tells how many there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siamviz.widgets.explorer.choosing import Chosen
from siamviz.widgets.explorer.points import Dataset, Mask, Points

FEW = 5_000
"""So many pairs at most are drawn as points."""
ARROWS = 150
"""So many changes between two runs are drawn at most."""
BINS = 44
CELLS = (50, 60)
_FULL = 0.7
"""The error at which colours are strongest."""
_FAINT = 0.16
"""How strong the colours of the smallest errors are: they have to be seen on the page."""


@dataclass(frozen=True, eq=False)
class Frame:
    """The ranges and bins that a dataset is drawn in.

    Attributes
    ----------
    low, high : float
        The range of scores.
    edges : (BINS + 1,) float64
        Of the histogram.
    across : (C + 1,) float64
        Of the cells over gold: one for each value where gold has few.
    points : bool
        Whether everything is drawn as points.
    """

    low: float
    high: float
    edges: NDArray[np.float64]
    across: NDArray[np.float64]
    points: bool

    @classmethod
    def of(cls, points: Points) -> Frame:
        """Return what fits a dataset."""
        scores = points.score[np.isfinite(points.score)]
        low = min(0.0, float(scores.min(initial=0.0)))
        high = max(1.0, float(scores.max(initial=1.0)))
        values = points.measure[np.isfinite(points.measure)]
        reach = float(np.abs(values).max(initial=0.1))
        least = -reach if points.has_gold else low
        edges = np.linspace(least, reach, BINS + 1)
        return cls(low, high, edges, _between(points.gold), len(points) <= FEW)


def _between(gold: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges between the values of gold, or at equal distances where there are many."""
    values = np.unique(gold[np.isfinite(gold)].round(6))
    if not 2 <= len(values) <= CELLS[0]:
        return np.linspace(0.0, 1.0, CELLS[0] + 1)
    middle = (values[1:] + values[:-1]) / 2
    return np.concatenate(([2 * values[0] - middle[0]], middle, [2 * values[-1] - middle[-1]]))


def strength(error: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where errors fall in the colour table, −1 to 1: never so near 0 that they vanish."""
    size = _FAINT + (1.0 - _FAINT) * np.minimum(np.abs(error) / _FULL, 1.0)
    return np.where(error < 0, -size, size)


def selected(data: Dataset, frame: Frame, chosen: Chosen) -> dict[str, dict[str, list[Any]]]:
    """Return the columns of all sources that follow the selection, by their names."""
    points = data.points
    few = len(chosen) <= FEW
    empty = np.zeros(len(points), dtype=bool)
    sources = {
        "chosen": point_columns(points, chosen.mask if few else empty),
        "chosen cells": cell_columns(points, frame, empty if few else chosen.mask),
        "bars": bar_columns(points, frame, chosen.mask),
    }
    if points.former is not None:
        sources["arrows"] = arrow_columns(points, chosen)
    return sources


def point_columns(points: Points, mask: Mask) -> dict[str, list[Any]]:
    """Return places and colours of the pairs in a mask."""
    known = np.flatnonzero(mask & np.isfinite(points.difference))
    return _columns(
        x=points.gold[known], y=points.score[known], c=strength(points.difference[known])
    )


def cell_columns(points: Points, frame: Frame, mask: Mask) -> dict[str, list[Any]]:
    """Return the cells of gold × score in which pairs of a mask lie, with their counts."""
    known = mask & np.isfinite(points.difference)
    across, up = frame.across, np.linspace(frame.low, frame.high, CELLS[1] + 1)
    counts, _, _ = np.histogram2d(points.gold[known], points.score[known], bins=(across, up))
    i, j = np.nonzero(counts)
    x, y = (across[i] + across[i + 1]) / 2, (up[j] + up[j + 1]) / 2
    n, w = counts[i, j], across[i + 1] - across[i]
    alpha = 0.25 + 0.75 * np.log1p(n) / np.log1p(n.max(initial=1.0))
    return _columns(x=x, y=y, w=w, n=n, c=strength(y - x), alpha=alpha)


def bar_columns(points: Points, frame: Frame, mask: Mask) -> dict[str, list[Any]]:
    """Return the bars of the histogram, as shares of the highest one."""
    values = points.measure[mask]
    counts, edges = np.histogram(values[np.isfinite(values)], bins=frame.edges)
    middle = (edges[1:] + edges[:-1]) / 2
    tone = strength(middle) if points.has_gold else np.full(len(middle), 0.8)
    share = counts / counts.max(initial=1)
    return _columns(left=edges[:-1], right=edges[1:], top=share, n=counts, c=tone)


def arrow_columns(points: Points, chosen: Chosen) -> dict[str, list[Any]]:
    """Return the changes of the selected pairs whose errors changed most."""
    assert points.former is not None
    moved = points.score - points.former
    places = chosen.places[np.isfinite(moved[chosen.places] + points.gold[chosen.places])]
    grown = points.regression[places]
    kept = places[np.argsort(-np.abs(grown), kind="stable")[:ARROWS]]
    return _columns(
        x=points.gold[kept],
        y0=points.former[kept],
        y1=points.score[kept],
        c=np.where(points.regression[kept] > 0, "grown", "shrunk"),
        head=np.where(moved[kept] > 0, "triangle", "inverted_triangle"),
    )


def _columns(**columns: NDArray) -> dict[str, list[Any]]:
    return {
        name: (values.round(4) if values.dtype.kind == "f" else values).tolist()
        for name, values in columns.items()
    }
