"""Quadrature nodes on [0, 1], the order to visit them, and what an unfinished sum is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from siamviz.errors import InvalidArgumentError


@dataclass(frozen=True, eq=False)
class Nodes:
    """Where a rule evaluates on [0, 1], and with which weights.

    The integral of f over [0, 1] is approximated by ``sum(weights * f(points))``.

    Attributes
    ----------
    points : (N,) float64 array, read-only
        Positions within [0, 1].
    weights : (N,) float64 array, read-only
        They sum to 1 within 1e-12, so that constants are integrated exactly.
    coordinates : (N,) float64 array or None
        For Gauss rules, the nodes in the coordinate in which they integrate polynomials.

    Raises
    ------
    InvalidArgumentError
        If the arrays are not such nodes.
    """

    points: np.ndarray
    weights: np.ndarray
    coordinates: np.ndarray | None = None

    def __post_init__(self) -> None:
        points = np.array(self.points, dtype=np.float64)
        weights = np.array(self.weights, dtype=np.float64)
        if points.ndim != 1 or points.shape != weights.shape or points.size == 0:
            raise InvalidArgumentError(
                "points and weights must be one-dimensional, not empty and of equal length, "
                f"got shapes {points.shape} and {weights.shape}."
            )
        if not (np.isfinite(points).all() and np.isfinite(weights).all()):
            raise InvalidArgumentError("points and weights must be finite.")
        if points.min() < 0 or points.max() > 1:
            raise InvalidArgumentError(
                f"points must lie within [0, 1], got {points.min()} to {points.max()}."
            )
        if abs(weights.sum() - 1) > 1e-12:
            raise InvalidArgumentError(f"weights must sum to 1, got {weights.sum()!r}.")
        for name, array in (("points", points), ("weights", weights)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.points)

    def coverage_order(self) -> np.ndarray:
        """Return the order in which to visit the nodes so that every prefix covers [0, 1].

        The middle comes first, then the quarters, then the eighths (the sequence of van der
        Corput, 1935, read as positions among the nodes).

        Returns
        -------
        (N,) int array
            A permutation of 0 … N−1.
        """
        return _coverage_order(len(self)).copy()

    def partial(self, done: Sequence[int] | np.ndarray) -> np.ndarray:
        """Reweight the finished nodes so that they stand in for all of them.

        The integrand at an unfinished node is taken as the linear interpolation between its
        finished neighbours (the nearest finished node beyond the outermost ones), so that the
        node's weight passes to these. With all nodes finished the weights are the rule's own.

        Parameters
        ----------
        done : (M,) ints
            Distinct indices of finished nodes, at least one.

        Returns
        -------
        (M,) float64 array
            Weights in the order of `done`; they sum to 1.

        Raises
        ------
        InvalidArgumentError
            If `done` is empty, repeats an index, or names one out of range.
        """
        indices = np.asarray(done, dtype=np.intp)
        if indices.ndim != 1 or not 0 < len(np.unique(indices)) == len(indices):
            raise InvalidArgumentError(
                f"done must hold at least one index and none twice, got {list(done)}."
            )
        if indices.min() < 0 or indices.max() >= len(self):
            raise InvalidArgumentError(
                f"done must hold indices from 0 to {len(self) - 1}, got {list(done)}."
            )
        by_position = np.argsort(self.points[indices], kind="stable")
        shares = _interpolation_matrix(self.points[indices][by_position], self.points)
        weights = np.empty(len(indices))
        weights[by_position] = shares @ self.weights
        return weights

    def embedded_weights(self) -> np.ndarray | None:
        """Weights of a lower-order rule on the same nodes, to estimate the error of single cells.

        The rule interpolates all nodes but the middle one where the nodes are those of a Gauss
        rule in `coordinates`, and takes every second node otherwise.

        Returns
        -------
        (N,) float64 array summing to 1, or None for fewer than 2 nodes
        """
        count = len(self)
        if count < 2:
            return None
        if self.coordinates is None:
            weights = np.zeros(count)
            kept = np.arange((count + 1) % 2, count, 2)
            weights[kept] = self.partial(kept)
            return weights
        kept = np.delete(np.arange(count), count // 2)
        weights = np.zeros(count)
        weights[kept] = _interpolatory_weights(self.coordinates[kept])
        stretch = self.weights / _interpolatory_weights(self.coordinates)
        return weights * stretch / (weights * stretch).sum()

    def map_to(self, t0: float, t1: float) -> tuple[np.ndarray, np.ndarray]:
        """Return points and weights of the rule on [t0, t1]; the weights sum to t1 − t0.

        Raises
        ------
        InvalidArgumentError
            Unless 0 ≤ t0 < t1 ≤ 1.
        """
        if not 0 <= t0 < t1 <= 1:
            raise InvalidArgumentError(
                f"A subinterval needs 0 <= t0 < t1 <= 1, got t0={t0!r} and t1={t1!r}."
            )
        return t0 + (t1 - t0) * self.points, (t1 - t0) * self.weights


def _interpolatory_weights(points: np.ndarray) -> np.ndarray:
    """Weights on [0, 1] that integrate polynomials of degree below len(points) exactly."""
    basis = np.polynomial.legendre.legvander(2 * points - 1, len(points) - 1)
    moments = np.zeros(len(points))
    moments[0] = 1.0
    return np.linalg.solve(basis.T, moments)


@lru_cache(maxsize=128)
def _coverage_order(count: int) -> np.ndarray:
    """Order 0 … count−1 by the van der Corput sequence of base 2."""
    bits = count.bit_length()
    reversed_bits = (int(f"{k:0{bits}b}"[::-1], 2) for k in range(1, 2**bits))
    return np.array(list(dict.fromkeys(r * count >> bits for r in reversed_bits)), dtype=np.intp)


def _interpolation_matrix(known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Linear interpolation from M sorted points to N points, as an (M, N) matrix."""
    columns = np.eye(len(known))
    return np.stack([np.interp(wanted, known, column) for column in columns])
