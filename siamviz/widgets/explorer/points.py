"""The numbers of all pairs, in memory: 100,000 pairs take a few megabytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from siamviz.study.run import Run

Mask = NDArray[np.bool_]
Corners = Sequence[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Points:
    """Gold score, score and their difference for each of N pairs, in the order of their rows.

    Attributes
    ----------
    rows : (N,) int64
        Ascending.
    gold, score, difference : (N,) float64
        NaN where there is none.
    former : (N,) float64, optional
        The score that another run gave to the same pair.
    """

    rows: NDArray[np.int64]
    gold: NDArray[np.float64]
    score: NDArray[np.float64]
    difference: NDArray[np.float64]
    former: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def has_gold(self) -> bool:
        """Whether any pair has a gold score."""
        return bool(np.isfinite(self.difference).any())

    @property
    def measure(self) -> NDArray[np.float64]:
        """What the histogram counts: score minus gold, or the score where there is no gold."""
        return self.difference if self.has_gold else self.score

    @property
    def regression(self) -> NDArray[np.float64]:
        """By how much each pair's error has grown since the other run, (N,)."""
        assert self.former is not None
        return np.abs(self.difference) - np.abs(self.former - self.gold)

    def positions(self, rows: Sequence[int] | NDArray[np.integer]) -> NDArray[np.intp]:
        """Where rows are among the pairs; those that are not there are left out."""
        wanted = np.asarray(rows, dtype=np.int64)
        found = np.searchsorted(self.rows, wanted).clip(max=max(len(self) - 1, 0))
        return found[self.rows[found] == wanted] if len(self) else found[:0]

    def mask(self, rows: Sequence[int] | NDArray[np.integer]) -> Mask:
        """Return which pairs are among `rows`, (N,)."""
        chosen = np.zeros(len(self), dtype=bool)
        chosen[self.positions(rows)] = True
        return chosen

    def inside(self, corners: Corners) -> Mask:
        """Return which pairs lie in a polygon over gold × score, by the even-odd rule."""
        polygon = np.asarray(corners, dtype=np.float64)
        low, high = polygon.min(axis=0), polygon.max(axis=0)
        near = (self.gold >= low[0]) & (self.gold <= high[0])
        near &= (self.score >= low[1]) & (self.score <= high[1])
        x, y = self.gold[near], self.score[near]
        odd = np.zeros(len(x), dtype=bool)
        for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            if y1 != y2:
                crosses = (y1 > y) != (y2 > y)
                odd ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
        near[near] = odd
        return near

    def nearest(
        self, gold: float, score: float, among: Mask, across: float = 1.0, up: float = 1.0
    ) -> int | None:
        """Return the row of the pair next to a place in the scatter; None if there is none.

        Parameters
        ----------
        gold, score : float
        among : (N,) bool
        across, up : float
            How long a unit of gold and one of score are in the scatter.
        """
        places = np.flatnonzero(among & np.isfinite(self.gold) & np.isfinite(self.score))
        if not len(places):
            return None
        distance = np.hypot(across * (self.gold[places] - gold), up * (self.score[places] - score))
        return int(self.rows[places[distance.argmin()]])


@dataclass(frozen=True, eq=False)
class Dataset:
    """A run and the numbers of its pairs.

    Attributes
    ----------
    run : Run
    points : Points
    """

    run: Run
    points: Points

    @classmethod
    def read(cls, run: Run, other: Run | None = None) -> Dataset:
        """Read the numbers of a run, and the scores that another one gave to its pairs.

        Raises
        ------
        DataError
            If the runs have no pair of texts in common.
        """
        found = run.sql("SELECT row, gold, score, difference FROM pairs ORDER BY row")
        rows = found["row"].to_numpy(dtype=np.int64)
        numbers = [_floats(found[name]) for name in ("gold", "score", "difference")]
        former = None
        if other is not None:
            pairs = run.compare(other)
            former = np.full(len(rows), np.nan)
            former[np.searchsorted(rows, pairs["row"])] = _floats(pairs["score_before"])
        return cls(run, Points(rows, *numbers, former=former))

    def rows(self, query: str, *parameters: Any) -> Mask:
        """Return which pairs an SQL query names in its column "row", (N,)."""
        return self.points.mask(self.run.sql(query, parameters)["row"].to_numpy())


def _floats(column: Any) -> NDArray[np.float64]:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
