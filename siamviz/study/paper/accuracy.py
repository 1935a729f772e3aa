"""Residuals against steps for each layer and rule: the accuracy figure of the papers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz.quadrature import parse_rule
from siamviz.study.statistics import median_interval

if TYPE_CHECKING:
    import pandas as pd

    from siamviz.explainer import Explainer

RULES = ("right-riemann", "trapezoid", "midpoint", "gauss-legendre", "calibrated")
ADAPTIVE = "adaptive"


def accuracy(
    explainer: Explainer,
    pairs: Sequence[tuple[str, str]],
    layer: int,
    steps: Sequence[int],
    rules: Sequence[str] = RULES,
    *,
    samples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return what each rule reaches with each number of steps, over the same pairs of texts.

    Parameters
    ----------
    explainer : Explainer
    pairs : sequence of (str, str)
    layer : int
    steps : sequence of int
    rules : sequence of str
        Fixed ones; the adaptive rule at its usual tolerance is always there beside them.
    samples, seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        For each `rule` and number of `steps` (for "adaptive" the median that it took): the median
        over pairs of the relative residual, with its 95 % bootstrap interval, its 95th percentile,
        and the median of the scalar error of the papers, |score − what the ledger's other terms
        add up to|; how many results `converged`.
    """
    import pandas as pd

    asked = [(rule, count) for rule in rules for count in steps] + [(ADAPTIVE, None)]
    rows: list[dict[str, Any]] = []
    for rule, count in asked:
        quadrature = parse_rule(rule, count)
        found = explainer.explain_many(pairs, layer=layer, quadrature=quadrature)
        residuals = [pair.relative_residual for pair in found]
        median = median_interval(residuals, samples=samples, seed=seed)
        rows.append(
            {
                "layer": layer,
                "rule": rule,
                "steps": count or int(np.median([pair.steps for pair in found])),
                "n": len(found),
                **dict(zip(("residual", "residual_low", "residual_high"), median, strict=True)),
                "residual_95": float(np.quantile(residuals, 0.95)),
                "scalar_error": float(np.median([abs(pair.residual) for pair in found])),
                "converged": sum(pair.converged is True for pair in found),
            }
        )
    return pd.DataFrame(rows)
