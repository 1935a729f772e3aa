"""Residuals against steps for each layer and rule: the accuracy figure of the papers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz.quadrature import parse_rule

if TYPE_CHECKING:
    import pandas as pd

    from siamviz.explainer import Explainer

RULES = ("right-riemann", "trapezoid", "midpoint", "gauss-legendre", "calibrated")
ADAPTIVE = "adaptive"


def accuracy(
    explainer: Explainer,
    pairs: Sequence[tuple[str, str]],
    layers: Sequence[int],
    steps: Sequence[int],
    rules: Sequence[str] = RULES,
) -> pd.DataFrame:
    """Return what each rule reaches with each number of steps, over the same pairs of texts.

    Parameters
    ----------
    explainer : Explainer
    pairs : sequence of (str, str)
    layers, steps : sequence of int
    rules : sequence of str
        Fixed ones; the adaptive rule at its usual tolerance is always there beside them.

    Returns
    -------
    DataFrame
        For each `layer`, `rule` and number of `steps` (for "adaptive" the median that it took):
        median and 95th percentile of the relative residual over pairs, and the median of the
        scalar error of the papers, |score − what the ledger's other terms add up to|.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for layer in layers:
        for rule in rules:
            rows += [_row(explainer, pairs, layer, rule, count) for count in steps]
        rows.append(_row(explainer, pairs, layer, ADAPTIVE, None))
    return pd.DataFrame(rows)


def _row(
    explainer: Explainer, pairs: Sequence[tuple[str, str]], layer: int, rule: str, steps: int | None
) -> dict[str, Any]:
    quadrature = parse_rule(rule, steps)
    found = explainer.explain_many(pairs, layer=layer, quadrature=quadrature)
    residuals = [pair.relative_residual for pair in found]
    return {
        "layer": layer,
        "rule": rule,
        "steps": steps or int(np.median([pair.steps for pair in found])),
        "n": len(found),
        "residual": float(np.median(residuals)),
        "residual_95": float(np.quantile(residuals, 0.95)),
        "scalar_error": float(np.median([abs(pair.residual) for pair in found])),
        "converged": sum(pair.converged is True for pair in found),
    }
