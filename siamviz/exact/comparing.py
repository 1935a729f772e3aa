"""How far attributions of an off-the-shelf model agree with those of its exact twin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz.errors import check_layer
from siamviz.study.analysis import as_explainer
from siamviz.study.console import listening
from siamviz.study.progress import Listener, Stage
from siamviz.study.statistics import mean_interval

if TYPE_CHECKING:
    import pandas as pd

    from siamviz.attribution import PairAttribution
    from siamviz.quadrature import Rule

_MEASURES = ("pearson", "spearman", "top_overlap")


def agreement(
    original: Any,
    exact: Any,
    pairs: Sequence[tuple[str, str]],
    *,
    layers: Sequence[int] | None = None,
    baseline: str = "pad",
    quadrature: Rule | str | None = None,
    steps: int | None = None,
    progress: Listener | bool = True,
) -> pd.DataFrame:
    """Compare the token-pair effects of two models, layer by layer.

    Parameters
    ----------
    original, exact : name, path, SentenceTransformer or Explainer
        A model as it came, and the exact one that was made of it.
    pairs : sequence of (str, str)
    layers : sequence of int, optional
        Default: all, from 0, the input of the first encoder layer, to the output of the last.
    baseline : str
        Of the original; the exact model has its own reference.
    quadrature, steps
        As in `Explainer.explain`.
    progress : bool or callable
        Show a bar, or call it as `siamviz.analyze` does.

    Returns
    -------
    DataFrame
        One row a layer: how many pairs `n` have a correlation (not those of two words, say, whose
        matrix is one number); means over pairs of Pearson's and Spearman's
        correlation over the cells of a pair and of the share of the five strongest cells that both
        have in common, with 95 % intervals (`_low`, `_high`); the median relative residuals.

    Raises
    ------
    InvalidArgumentError, ArgumentTypeError, ModelNotFoundError
    """
    import pandas as pd

    how: Any = {"quadrature": quadrature, "steps": steps}
    models = [as_explainer(original), as_explainer(exact)]
    depth = models[1].layers(pairs[0][0]) if len(pairs) else 0
    asked = range(depth + 1) if layers is None else [check_layer(one, depth) for one in layers]
    rows: list[dict[str, Any]] = []
    with listening(progress) as listener:
        stage = Stage("layers", len(asked) * len(pairs), len(asked), listener)
        for layer in asked:
            found = [
                model.explain_many(pairs, layer=layer, baseline=start, **how)
                for model, start in zip(models, (baseline, "pad"), strict=True)
            ]
            rows.append({"layer": layer, **_row(*found)})
            stage.advance(1, len(pairs))
    return pd.DataFrame(rows)


def _row(one: Sequence[PairAttribution], two: Sequence[PairAttribution]) -> dict[str, float]:
    agreements = [a.agreement(b) for a, b in zip(one, two, strict=True)]
    row: dict[str, float] = {"n": sum(np.isfinite(found.pearson) for found in agreements)}
    for name in _MEASURES:
        values = np.array([getattr(found, name) for found in agreements])
        mean = mean_interval(values[np.isfinite(values)])
        row |= zip((name, f"{name}_low", f"{name}_high"), mean, strict=True)
    for name, found in (("original", one), ("exact", two)):
        row[f"residual_{name}"] = float(np.median([pair.relative_residual for pair in found]))
    return row
