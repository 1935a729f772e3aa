"""What each baseline gives: ledger, residual, steps, stability, agreement with an exact model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz.agreement import correlation
from siamviz.study.statistics import mean_interval, ratio_intervals

if TYPE_CHECKING:
    import pandas as pd

    from siamviz.attribution import PairAttribution
    from siamviz.explainer import Explainer

BASELINES = ("pad", "mask", "unk", "zero", "mean", "corpus")
_STOPS = ".!?"
_TERMS = ("pairs", "tokens_a", "tokens_b", "base")


def references(
    explainer: Explainer,
    pairs: Sequence[tuple[str, str]],
    names: Sequence[str] = BASELINES,
    exact: Explainer | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Return one row for each baseline, over the same pairs of texts.

    Parameters
    ----------
    explainer : Explainer
    pairs : sequence of (str, str)
    names : sequence of str
        Baselines.
    exact : Explainer, optional
        Of the exact model that was made of the explainer's.
    **options
        As in `Explainer.explain`.

    Returns
    -------
    DataFrame
        The ledger's terms summed over pairs, relative to the summed scores, that of `pairs` with a
        95 % interval; the share of `negative` cells; the median residual, how many results
        converged, the median number of steps, and the seconds that a pair took. `stability` is the
        mean correlation of a matrix with that of the same texts with their full stops taken away or
        added, over the cells that both have; `exact` that with the exact model's matrix.
    """
    import pandas as pd

    changed = [(_other_stop(a), _other_stop(b)) for a, b in pairs]
    known = exact.explain_many(pairs, **options) if exact is not None else None
    rows: list[dict[str, Any]] = []
    for name in names:
        found = explainer.explain_many(pairs, baseline=name, **options)
        began = time.perf_counter()
        twins = explainer.explain_many(changed, baseline=name, **options)
        seconds = (time.perf_counter() - began) / len(pairs)
        row: dict[str, Any] = {"baseline": name, "n": len(found), **_ledger(found)}
        row["negative"] = float(np.mean([(pair.matrix < 0).mean() for pair in found]))
        row["residual"] = float(np.median([pair.relative_residual for pair in found]))
        row["converged"] = sum(pair.converged is True for pair in found)
        row["steps"] = float(np.median([pair.steps for pair in found]))
        row["seconds"] = seconds
        row |= _mean("stability", list(map(_common, found, twins)))
        if known is not None:
            row |= _mean(
                "exact", [a.agreement(b).pearson for a, b in zip(found, known, strict=True)]
            )
        rows.append(row)
    return pd.DataFrame(rows)


def _ledger(found: Sequence[PairAttribution]) -> dict[str, float]:
    """The ledger's terms relative to the scores, over all pairs."""
    parts = np.array([[getattr(one.ledger, term) for term in _TERMS] for one in found])
    ratios, low, high = ratio_intervals(parts, np.array([one.score for one in found]))
    bounds = {"pairs": ratios[0], "pairs_low": low[0], "pairs_high": high[0]}
    terms = dict(zip(_TERMS, ratios, strict=True))
    return {name: float(value) for name, value in (bounds | terms).items()}


def _mean(name: str, values: Sequence[float]) -> dict[str, float]:
    known = np.asarray(values, np.float64)
    found = mean_interval(known[np.isfinite(known)])
    return dict(zip((name, f"{name}_low", f"{name}_high"), found, strict=True))


def _other_stop(text: str) -> str:
    bare = text.rstrip(_STOPS + " ")
    return bare if bare and bare != text else f"{text}."


def _common(one: PairAttribution, two: PairAttribution) -> float:
    """The correlation over the words' cells that both matrices have, but for the full stops."""
    cells = [_cells(pair) for pair in (one, two)]
    rows, columns = (min(sizes) for sizes in zip(*(part.shape for part in cells), strict=True))
    first, second = (part[:rows, :columns].ravel() for part in cells)
    return correlation(first, second)


def _cells(pair: PairAttribution) -> np.ndarray:
    """The matrix without special tokens and full stops."""
    sides = (pair.tokens_a, pair.tokens_b)
    kept = [[not token.special and token.text not in _STOPS for token in side] for side in sides]
    return np.asarray(pair.matrix, np.float64)[np.ix_(*kept)]
