"""How the error of a view's results fell, remembered from one computation to the next."""

from __future__ import annotations

import math
from typing import Any

from siamviz.attribution import PairAttribution
from siamviz.widgets.request import Question

History = tuple[tuple[int, float], ...]
"""Points of a curve: the mean number of steps of the two sides, and the relative residual."""

_ENOUGH = 3
"""Points from which on a computation's own curve tells enough."""
_MOST = 64


class Histories:
    """The curves of the latest questions."""

    def __init__(self) -> None:
        self._own: dict[Any, History] = {}
        self._ends: dict[Any, dict[int, float]] = {}

    def curve(self, question: Question, points: History) -> History:
        """Return the curve of a question that was just answered.

        A result from the cache has no points on the way, so the longest curve of the question is
        kept; where that is short too, the ends of others stand in that differ in the rule alone and
        took fewer steps.
        """
        own = max(points, self._own.pop(question.key, ()), key=len)
        ends = self._ends.pop(question.family, {})
        steps, residual = own[-1]
        ends[steps] = residual
        self._own[question.key], self._ends[question.family] = own, ends
        for known in (self._own, self._ends):
            while len(known) > _MOST:
                del known[next(iter(known))]
        if len(own) >= _ENOUGH:
            return own
        return tuple(sorted((n, reached) for n, reached in ends.items() if n <= steps))


def extend(points: list[tuple[int, float]], pair: PairAttribution) -> None:
    """Add the residual that `pair` has reached."""
    steps = math.ceil((pair.steps_a + pair.steps_b) / 2)
    if points and points[-1][0] >= steps:
        points.pop()
    points.append((steps, pair.relative_residual))
