"""The result of integrating along one path, and integration by a fixed rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from siamviz.jacobian import Path
from siamviz.monitor import Monitor
from siamviz.nodes import Nodes


@dataclass(frozen=True, eq=False)
class Integral:
    """∫ DF(h(t))[δ_i] dt along one path, with what certifies it.

    Attributes
    ----------
    vectors : (A, D) float64 array
        One contribution for each token or group.
    coarse : (A, D) float64 array or None
        The same one refinement earlier, or by the embedded lower-order rule.
    start, end : (D,) float64 arrays
        F(r) and F(x).
    bound : float
        Sum over subintervals of the norm of what their contributions miss of the embedding's
        change, in embedding units.
    steps, evaluations : int
        Nodes at which Jacobians were taken; embeddings computed besides.
    converged : bool or None
    progress : float
        Fraction of the work done.
    message : str
    """

    vectors: np.ndarray
    coarse: np.ndarray | None
    start: np.ndarray
    end: np.ndarray
    bound: float
    steps: int
    evaluations: int
    converged: bool | None = None
    progress: float = 1.0
    message: str = ""

    @property
    def residual(self) -> float:
        """‖(e − e0) − Σ c_i‖."""
        return float(np.linalg.norm(self.end - self.start - self.vectors.sum(0)))

    @property
    def scaled_coarse(self) -> np.ndarray | None:
        """Contributions (A, D) about as far from `vectors` as these are from the exact ones.

        The coarse result's distance is scaled by the ratio of the two measured residuals (errors
        of one kind shrink together), doubled for safety and never enlarged.
        """
        if self.coarse is None:
            return None
        change = self.end - self.start
        coarse_residual = float(np.linalg.norm(change - self.coarse.sum(0)))
        ratio = min(1.0, 2 * self.residual / coarse_residual) if coarse_residual else 1.0
        return self.vectors + ratio * (self.coarse - self.vectors)

    @property
    def size(self) -> float:
        """What residuals are relative to: ‖e − e0‖, or ‖e‖ where e = e0."""
        return path_size(self.start, self.end)


def path_size(start: np.ndarray, end: np.ndarray) -> float:
    """‖e − e0‖, or ‖e‖ where the two are equal, or 1 where both are zero."""
    change, size = float(np.linalg.norm(end - start)), float(np.linalg.norm(end))
    return change if change > 1e-9 * size else (size or 1.0)


def integrate(path: Path, nodes: Nodes, monitor: Monitor, share: float = 1.0) -> Iterator[Integral]:
    """Integrate by a fixed rule, yielding ever better results; the last one is complete.

    Nodes are visited in an order that covers [0, 1]; a partial result reweights the finished
    nodes to sum to 1. All of it is a `share` of the work that the caller does.
    """
    start, end = path.embed(np.array([0.0, 1.0]), monitor)
    order = nodes.coverage_order()
    values: list[np.ndarray] = []
    done = 0
    for batch in path.derivative_batches(nodes.points[order], monitor):
        values.extend(batch)
        done += len(batch)
        progress = share * done / len(nodes)
        monitor.report(progress)
        finished = order[:done]
        vectors = _sum(nodes.partial(finished), values)
        coarse = _embedded(nodes, values, order) if done == len(nodes) else None
        bound = float(np.linalg.norm(end - start - vectors.sum(0)))
        yield Integral(vectors, coarse, start, end, bound, done, 2, progress=progress)


def _sum(weights: np.ndarray, values: list[np.ndarray]) -> np.ndarray:
    return np.tensordot(weights, np.stack(values), 1)


def _embedded(nodes: Nodes, values: list[np.ndarray], order: np.ndarray) -> np.ndarray | None:
    weights = nodes.embedded_weights()
    return None if weights is None else _sum(weights[order], values)
