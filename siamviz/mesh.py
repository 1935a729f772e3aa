"""Subintervals of a path, in float32 or float64, and the search for them by embeddings alone."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from siamviz.jacobian import Path
from siamviz.monitor import Monitor

FINEST_SINGLE = 2.0**-12
"""Below this width a subinterval is computed in float64: float32 resolves t no better."""
FINEST = 2.0**-40
_SHARP = 0.25
"""Spans within this share of the largest indicator are bisected in the same round."""


@dataclass(frozen=True)
class Span:
    """A subinterval [t0, t1], to be computed in float64 if `double`."""

    t0: float
    t1: float
    double: bool = False


class Mesh:
    """Embeddings along a path, computed once for each place and precision."""

    def __init__(self, path: Path, double: Callable[[], Path], monitor: Monitor) -> None:
        self._single, self._make_double, self._monitor = path, double, monitor
        self._double: Path | None = None
        self._known: dict[tuple[float, bool], np.ndarray] = {}
        self.evaluations = 0
        self.can_double = "float64" not in str(path.function.dtype)

    def path(self, double: bool) -> Path:
        """The path in working precision, or in float64."""
        if not double or not self.can_double:
            return self._single
        if self._double is None:
            self._double = self._make_double()
        return self._double

    def embed(self, places: list[tuple[float, bool]]) -> None:
        """Compute the embeddings at (t, double) that are not known yet."""
        for double in (False, True):
            t = sorted({t for t, d in places if d == double and (t, d) not in self._known})
            if t:
                for place, value in zip(
                    t, self.path(double).embed(np.array(t), self._monitor), strict=True
                ):
                    self._known[place, double] = value
                self.evaluations += len(t)

    def at(self, t: float, double: bool) -> np.ndarray:
        """F(h(t)), shape (D,)."""
        if (t, double) not in self._known:
            self.embed([(t, double)])
        return self._known[t, double]

    def change(self, span: Span) -> np.ndarray:
        """F(h(t1)) − F(h(t0)) in the span's precision."""
        self.embed([(span.t0, span.double), (span.t1, span.double)])
        return self.at(span.t1, span.double) - self.at(span.t0, span.double)

    def bisect(self, span: Span) -> tuple[Span, Span]:
        """The two halves of `span`, in float64 where float32 cannot resolve them."""
        middle = (span.t0 + span.t1) / 2
        double = span.double or (self.can_double and middle - span.t0 < FINEST_SINGLE)
        return Span(span.t0, middle, double), Span(middle, span.t1, double)

    def doubled(self, span: Span) -> Span:
        """The same span in float64."""
        return replace(span, double=True)

    def seams(self, spans: list[Span]) -> float:
        """Sum of the jumps between precisions where a float32 span meets a float64 one."""
        ordered = sorted(spans, key=lambda span: span.t0)
        places = [right.t0 for left, right in pairwise(ordered) if left.double != right.double]
        self.embed([(t, double) for t in places for double in (False, True)])
        return sum(float(np.linalg.norm(self.at(t, True) - self.at(t, False))) for t in places)


def find_mesh(mesh: Mesh, goal: float, most: int) -> list[Span]:
    """Bisect [0, 1] until the embedding's curve is smooth on every span.

    The indicator of a span is the norm of the fourth difference of the embedding over its five
    equidistant points, which vanishes where the curve is a cubic; two Gauss nodes are exact for
    curves of degree four.

    Parameters
    ----------
    goal : float
        Residual norm, in embedding units, that the mesh should allow.
    most : int
        Largest number of spans.
    """
    spans = [Span(i / 4, (i + 1) / 4) for i in range(4)][:most] if most >= 4 else [Span(0, 1)]
    heap: list[tuple[float, float, Span]] = []
    _push(mesh, heap, spans)
    while len(heap) < most and -sum(item[0] for item in heap) > goal:
        sharp = _SHARP * heap[0][0]
        batch = [heapq.heappop(heap)[2]]
        while heap and heap[0][0] <= sharp and len(heap) + 2 * len(batch) + 2 <= most:
            batch.append(heapq.heappop(heap)[2])
        halves = [half for span in batch for half in mesh.bisect(span)]
        _push(mesh, heap, halves)
    return sorted((item[2] for item in heap), key=lambda span: span.t0)


def _push(mesh: Mesh, heap: list[tuple[float, float, Span]], spans: list[Span]) -> None:
    places = {span: np.linspace(span.t0, span.t1, 5) for span in spans}
    mesh.embed([(float(t), span.double) for span in spans for t in places[span]])
    for span in spans:
        values = [mesh.at(float(t), span.double) for t in places[span]]
        fourth = values[0] - 4 * values[1] + 6 * values[2] - 4 * values[3] + values[4]
        size = float(np.linalg.norm(fourth)) if span.t1 - span.t0 > FINEST else 0.0
        heapq.heappush(heap, (-_WEIGHT * size, span.t0, span))


_WEIGHT = 0.3
