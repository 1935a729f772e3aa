"""Agreement of a matrix with another explanation of the same pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siamviz.errors import InvalidArgumentError
from siamviz.ranking import strongest

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution
    from siamviz.deletion import DeletionEffects


@dataclass(frozen=True)
class Agreement:
    """How well two matrices agree over the cells that both know.

    Attributes
    ----------
    pearson, spearman : float
        Correlations; NaN when either matrix is constant or fewer than two cells are common.
    top_overlap : float
        Share of the `k` largest magnitudes that both have in common.
    k : int
    cells : int
        Number of cells compared.
    """

    pearson: float
    spearman: float
    top_overlap: float
    k: int
    cells: int


def agreement(
    one: PairAttribution, two: PairAttribution | DeletionEffects, k: int = 5
) -> Agreement:
    """Compare two matrices over finite cells of tokens of the sentences themselves.

    Raises
    ------
    InvalidArgumentError
        If the tokens differ.
    """
    for side in ("tokens_a", "tokens_b"):
        mine, other = getattr(one, side), getattr(two, side)
        if mine != other:
            raise InvalidArgumentError(
                f"The two results have different tokens of {side[-1].upper()}: {len(mine)} by "
                f"{one.unit!r} here, {len(other)} by {two.unit!r} there. Take both by one unit, "
                "such as .by('word'), and compare explanations of the same texts."
            )
    ordinary = np.ix_(
        [not token.special for token in one.tokens_a],
        [not token.special for token in one.tokens_b],
    )
    return cell_agreement(one.matrix[ordinary], two.matrix[ordinary], k)


def cell_agreement(one: np.ndarray, two: np.ndarray, k: int = 5) -> Agreement:
    """Compare the cells of two arrays of one shape where both are finite."""
    x, y = (np.asarray(cells, dtype=np.float64).ravel() for cells in (one, two))
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = x[finite], y[finite]
    return Agreement(
        pearson=correlation(x, y),
        spearman=correlation(ranks(x), ranks(y)),
        top_overlap=_top_overlap(x, y, k),
        k=k,
        cells=int(finite.sum()),
    )


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Return Pearson's correlation of two vectors; NaN when one of them is constant."""
    if x.size < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    x, y = x - x.mean(), y - y.mean()
    x, y = x / np.abs(x).max(), y / np.abs(y).max()
    return float(x @ y / np.sqrt((x @ x) * (y @ y)))


def ranks(x: np.ndarray) -> np.ndarray:
    """Return the ranks of `x`, equal values sharing their mean rank."""
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def _top_overlap(x: np.ndarray, y: np.ndarray, k: int) -> float:
    everything = np.ones(x.shape, dtype=bool)
    top_x, top_y = strongest(x, everything, k, None), strongest(y, everything, k, None)
    return len(np.intersect1d(top_x, top_y)) / len(top_x) if top_x.size else float("nan")
