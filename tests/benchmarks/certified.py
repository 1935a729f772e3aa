"""Time to a certified residual of 1e-3: right Riemann by backward passes, beside siamviz."""

from __future__ import annotations

import math
from collections.abc import Iterator

from siamviz import Adaptive, RightRiemann
from tests.benchmarks import data
from tests.benchmarks.published import Published
from tests.benchmarks.table import Row
from tests.benchmarks.timing import number, shown, side_by_side

LAYER = 3
TOLERANCE = 1e-3
MEASURED_STEPS = 16


def _residual(steps: int) -> float:
    """The pair's relative residual, from one tangent for each sentence: the sum needs no more."""
    explainer = data.minilm()
    return max(
        explainer.contributions(
            text, layer=LAYER, unit="sentence", quadrature=RightRiemann(steps)
        ).relative_residual
        for text in data.PAIR
    )


def steps_needed() -> int:
    """The N from which right Riemann is within the tolerance: doubling, then its 1/N law."""
    steps = 32
    residual = _residual(steps)
    while residual > 2 * TOLERANCE:
        steps *= 2
        residual = _residual(steps)
    while residual > TOLERANCE:
        steps = max(steps + 1, math.ceil(steps * residual / TOLERANCE))
        residual = _residual(steps)
    return steps


def run() -> Iterator[Row]:
    """Backward passes at the N that right Riemann needs, beside siamviz at that tolerance."""
    explainer = data.minilm()
    published = Published(explainer.model, LAYER)
    needed = steps_needed()

    def theirs() -> None:
        for text in data.PAIR:
            published.contributions(text, MEASURED_STEPS)

    def ours() -> bool | None:
        explainer.cache.clear()
        pair = explainer.explain(*data.PAIR, layer=LAYER, quadrature=Adaptive(TOLERANCE))
        return pair.converged

    assert ours()
    slow, fast = side_by_side(theirs, ours, rounds=3)
    scaled = slow * (needed + 1) / (MEASURED_STEPS + 1)
    yield Row(
        "time to a certified relative residual of 1e-3, MiniLM layer 3: "
        "right Riemann with backward passes ÷ siamviz",
        number(scaled / fast),
        "300",
        "1,000",
        f"{shown([scaled, fast])}; right Riemann needs N = {needed}, its time is measured at "
        f"N = {MEASURED_STEPS} and scaled by the states in its batch",
    )
