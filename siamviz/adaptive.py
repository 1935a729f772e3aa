"""Integration to a tolerance: refine where the measured residual is.

Over any subinterval the contributions must sum to the change of the embedding, so the error of
each subinterval is measured, not estimated. Embeddings cost 1/(S+1) of a node, so where the path
is sharp they find the mesh first; Jacobians follow. A subinterval whose residual does not fall
when it is bisected is beyond float32 and goes on in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from siamviz.integral import Integral, integrate
from siamviz.jacobian import Path
from siamviz.mesh import Mesh, Span, find_mesh
from siamviz.monitor import Monitor
from siamviz.quadrature import Adaptive, Calibrated, GaussLegendre
from siamviz.speed import SpeedProfile

FIRST_STEPS = 12
_FIRST_SHARE = 0.8
"""What the first nodes are of the whole work, as progress tells it: most often they suffice."""
_CELL = GaussLegendre(2).nodes()
_STALLED = 0.5


@dataclass(frozen=True, eq=False)
class _Cell:
    """One subinterval with its contributions and the norm of what they miss."""

    span: Span
    vectors: np.ndarray
    residual: float


def integrate_adaptively(
    path: Path,
    double: Callable[[], Path],
    rule: Adaptive,
    profile: SpeedProfile | None,
    monitor: Monitor,
) -> Iterator[Integral]:
    """Integrate until the subintervals' residual norms sum to ``tolerance * ‖e − e0‖``.

    Parameters
    ----------
    path : Path
        In working precision.
    double : callable
        Gives the same path in float64; called only if float32 stalls.
    rule : Adaptive
    profile : SpeedProfile or None
        The model's speed profile, which places the first nodes.

    Yields
    ------
    Integral
        Ever better results; the last one says whether it converged, and if not what to try.
    """
    first = yield from _first_try(path, rule, profile, monitor)
    if first.converged or first.steps >= rule.max_steps:
        if not first.converged:
            yield _finished(first, rule)
        return
    yield from _refine(path, double, rule, first, monitor)


def _first_try(
    path: Path, rule: Adaptive, profile: SpeedProfile | None, monitor: Monitor
) -> Iterator[Integral]:
    steps = min(FIRST_STEPS, rule.max_steps)
    nodes = Calibrated(steps).nodes(profile)
    result = None
    for result in integrate(path, nodes, monitor, _FIRST_SHARE):
        if result.steps < steps:
            yield replace(result, converged=False)
    assert result is not None
    converged = result.residual <= rule.tolerance * result.size
    if converged:
        monitor.report(1.0)
    result = replace(result, converged=converged, progress=1.0)
    yield result if converged else replace(result, progress=_progress(result.bound, rule, result))
    return result


def _refine(
    path: Path,
    double: Callable[[], Path],
    rule: Adaptive,
    first: Integral,
    monitor: Monitor,
) -> Iterator[Integral]:
    goal = rule.tolerance * first.size
    mesh = Mesh(path, double, monitor)
    room = (rule.max_steps - first.steps) // len(_CELL)
    if room < 1:
        yield _finished(first, rule)
        return
    cells = _solve(mesh, find_mesh(mesh, goal, room), monitor)
    steps = first.steps + len(_CELL) * len(cells)
    previous = first.vectors
    while True:
        result = _gather(mesh, cells, first, previous, steps, goal)
        if result.converged or steps + 2 * len(_CELL) > rule.max_steps:
            if first.residual < result.residual and not result.converged:
                result = replace(first, steps=steps, evaluations=result.evaluations)
            yield _finished(result, rule)
            return
        result = replace(result, progress=_progress(result.bound, rule, result))
        monitor.report(result.progress)
        yield result
        worst = _worst(cells, goal, (rule.max_steps - steps) // (2 * len(_CELL)))
        spans = [half for cell in worst for half in mesh.bisect(cell.span)]
        finer = _solve(mesh, spans, monitor)
        steps += len(_CELL) * len(spans)
        finer = _promote_stalled(mesh, worst, finer)
        previous = result.vectors
        chosen = {id(cell) for cell in worst}
        cells = [cell for cell in cells if id(cell) not in chosen] + finer


def _solve(mesh: Mesh, spans: list[Span], monitor: Monitor) -> list[_Cell]:
    """Take Jacobians in each of `spans`, float32 and float64 spans in batches of their own."""
    solved: dict[int, _Cell] = {}
    for in_double in (False, True):
        chosen = [i for i, span in enumerate(spans) if span.double == in_double]
        if not chosen:
            continue
        points = np.concatenate([_CELL.map_to(spans[i].t0, spans[i].t1)[0] for i in chosen])
        values = mesh.path(in_double).derivatives(points, monitor)
        for i, own in zip(chosen, np.split(values, len(chosen)), strict=True):
            vectors = np.tensordot(_CELL.map_to(spans[i].t0, spans[i].t1)[1], own, 1)
            change = mesh.change(spans[i])
            residual = float(np.linalg.norm(change - vectors.sum(0)))
            solved[i] = _Cell(spans[i], vectors, residual)
    return [solved[i] for i in range(len(spans))]


def _gather(
    mesh: Mesh, cells: list[_Cell], first: Integral, previous: np.ndarray, steps: int, goal: float
) -> Integral:
    vectors = np.sum([cell.vectors for cell in cells], axis=0)
    bound = sum(cell.residual for cell in cells) + mesh.seams([cell.span for cell in cells])
    return Integral(
        vectors, previous, first.start, first.end, bound, steps,
        first.evaluations + mesh.evaluations, converged=bool(bound <= goal),
    )  # fmt: skip


def _worst(cells: list[_Cell], goal: float, most: int) -> list[_Cell]:
    """The cells that hold the residual: as few as leave less than half the goal in the others."""
    ordered = sorted(cells, key=lambda cell: -cell.residual)
    remaining = sum(cell.residual for cell in cells)
    chosen = []
    for cell in ordered[: max(1, most)]:
        if remaining <= goal / 2:
            break
        chosen.append(cell)
        remaining -= cell.residual
    return chosen or ordered[:1]


def _promote_stalled(mesh: Mesh, parents: list[_Cell], children: list[_Cell]) -> list[_Cell]:
    """Send the halves of a cell whose residual did not fall to float64 from the next round on."""
    out = []
    for i, parent in enumerate(parents):
        halves = children[2 * i : 2 * i + 2]
        stalled = sum(half.residual for half in halves) > _STALLED * parent.residual
        if stalled and not parent.span.double and mesh.can_double:
            halves = [replace(half, span=mesh.doubled(half.span)) for half in halves]
        out += halves
    return out


def _progress(bound: float, rule: Adaptive, result: Integral) -> float:
    """A guess of the fraction done, from how far the residual has come on a logarithmic scale."""
    reached = np.log(np.clip(bound / result.size, 1e-12, 1.0))
    return float(np.clip(reached / np.log(rule.tolerance), 0.05, 0.95))


def _finished(result: Integral, rule: Adaptive) -> Integral:
    if result.converged:
        return replace(result, progress=1.0)
    reached = result.bound / result.size
    return replace(
        result,
        converged=False,
        progress=1.0,
        message=(
            f"Not converged: after {result.steps} steps the relative residual is bounded by "
            f"{reached:.1e}, above the tolerance {rule.tolerance:g}. Try "
            f"Adaptive({rule.tolerance:g}, max_steps={4 * rule.max_steps}), a deeper layer, or "
            "another baseline."
        ),
    )
