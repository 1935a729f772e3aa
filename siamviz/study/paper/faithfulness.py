"""Whose token pairs matter to the model: attributions and others, by what deleting tokens does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz.agreement import cell_agreement
from siamviz.encoder import Encoder
from siamviz.quadrature import RightRiemann
from siamviz.study.paper.curves import Text, one_sided, two_sided
from siamviz.study.paper.methods import Attention, masked_changes
from siamviz.study.statistics import mean_interval

if TYPE_CHECKING:
    import pandas as pd

    from siamviz.attribution import PairAttribution
    from siamviz.deletion import DeletionEffects
    from siamviz.explainer import Explainer

MEASURES = (
    "pearson", "spearman", "top_overlap", "top_effect", "deletion", "insertion", "both_sides",
)  # fmt: skip
RANDOM = "random"
DELETION = "deletion itself"
OCCLUSION = "occlusion"
GRADIENT = "gradient × input"
ROLLOUT = "attention rollout"
_DRAWS = 5
_TOP = 5


class Measurer:
    """Measures how well explanations of a pair tell which of its tokens matter to the model.

    Parameters
    ----------
    explainer : Explainer
    """

    def __init__(self, explainer: Explainer) -> None:
        self._explainer = explainer
        self._encoder = Encoder(explainer.model)
        self._attention = Attention(explainer.model)

    def measure(self, explained: Mapping[str, PairAttribution], seed: int) -> list[dict[str, Any]]:
        """Return a row for each explanation, and for the other methods beside them.

        Parameters
        ----------
        explained : mapping of str to PairAttribution
            Of one pair of texts, by name.
        seed : int
            Of the random matrices, whose rows are means over five.

        Returns
        -------
        list of dict
            Empty if a text has a single token. `pearson`, `spearman` and `top_overlap` compare with
            mixed deletion differences; `top_effect` is what these give to a method's five largest
            cells, relative to the most that five cells can have; `deletion` and `insertion` are
            means over both texts, see `one_sided`; `both_sides` see `two_sided`. Matrices whose
            reference is not neutral are measured a second time with its terms folded in.
        """
        pair = next(iter(explained.values()))
        texts = [
            Text.of(self._encoder, text, pair.similarity) for text in (pair.text_a, pair.text_b)
        ]
        if min(len(text.places) for text in texts) < 2:
            return []
        cells = np.ix_(texts[0].places, texts[1].places)
        known = self._explainer.deletion(pair.text_a, pair.text_b, similarity=pair.similarity)
        matrices = {name: one.matrix[cells] for name, one in explained.items()}
        matrices |= {
            f"{name}, folded": one.fold().matrix[cells]
            for name, one in explained.items()
            if one.base
        }
        others = self._others(texts, pair, known)
        matrices |= {name: matrix[cells] for name, matrix in others.items()}
        shape = (_DRAWS, *(len(text.places) for text in texts))
        draws = np.random.default_rng(seed).standard_normal(shape)
        stacked = np.concatenate([np.array(list(matrices.values()), np.float64), draws])
        rows = _measured(texts, stacked, known.matrix[cells])
        by_name = dict(zip(matrices, rows, strict=False))
        drawn = rows[len(matrices) :]
        by_name[RANDOM] = {m: float(np.mean([row[m] for row in drawn])) for m in MEASURES}
        return [{"method": name, "score": pair.score, **row} for name, row in by_name.items()]

    def _others(
        self, texts: Sequence[Text], pair: PairAttribution, known: DeletionEffects
    ) -> dict[str, np.ndarray]:
        """Matrices (S_a, S_b) of methods that need no integral."""
        both = (pair.text_a, pair.text_b)
        explain, one_step = self._explainer.explain, RightRiemann(1)
        how: Any = {
            "baseline": "zero", "quadrature": one_step, "similarity": pair.similarity,
        }  # fmt: skip
        pooling, mask = self._encoder.pooling, self._encoder.tokenizer.mask_token_id
        rollouts = [self._attention.rollout(text.encoded, pooling) for text in texts]
        found = {
            GRADIENT: explain(*both, layer=pair.settings.layer, **how).matrix,
            "last-layer dot products": explain(*both, layer=-1, **how).matrix,
            ROLLOUT: np.outer(*rollouts),
            DELETION: known.matrix,
        }
        if mask is not None:
            masked = [masked_changes(self._encoder, text.encoded, mask) for text in texts]
            found[OCCLUSION] = masked[0] @ masked[1].T
        return found


def _measured(
    texts: Sequence[Text], matrices: np.ndarray, known: np.ndarray
) -> list[dict[str, float]]:
    """A row of measures for each of the matrices (M, n_a, n_b)."""
    a, b = texts
    deletion_a, insertion_a = one_sided(a, b, matrices.sum(2))
    deletion_b, insertion_b = one_sided(b, a, matrices.sum(1))
    both = two_sided(a, b, matrices)
    best = np.sort(known.ravel())[-_TOP:].sum()
    rows: list[dict[str, float]] = []
    for k, matrix in enumerate(matrices):
        found = cell_agreement(matrix, known, _TOP)
        top = np.argsort(-matrix.ravel(), kind="stable")[:_TOP]
        rows.append(
            {
                "pearson": found.pearson,
                "spearman": found.spearman,
                "top_overlap": found.top_overlap,
                "top_effect": float(known.ravel()[top].sum() / best) if best > 0 else np.nan,
                "deletion": float(deletion_a[k] + deletion_b[k]) / 2,
                "insertion": float(insertion_a[k] + insertion_b[k]) / 2,
                "both_sides": float(both[k]),
            }
        )
    return rows


def summary(frame: pd.DataFrame, own: str) -> pd.DataFrame:
    """Return the mean of each measure for each method, and its difference to two of them.

    Parameters
    ----------
    frame : DataFrame
        Rows of `Measurer.measure` with a column `row` that names the pair.
    own : str
        The method to compare others with beside the random one, on the same pairs.

    Returns
    -------
    DataFrame
        For each `measure` and `method`: the number of pairs, the mean with its 95 % interval, and
        the mean paired differences to "random" (`over_random`) and `own` (`over_own`) with theirs.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for measure in MEASURES:
        table = frame.pivot(index="row", columns="method", values=measure)
        for method in table.columns:
            values = table[method].dropna()
            mean, low, high = mean_interval(values)
            row: dict[str, Any] = {
                "measure": measure, "method": method, "n": len(values), "mean": mean, "low": low,
                "high": high,
            }  # fmt: skip
            for name, other in (("over_random", RANDOM), ("over_own", own)):
                found = mean_interval((table[method] - table[other]).dropna())
                row |= zip((name, f"{name}_low", f"{name}_high"), found, strict=True)
            rows.append(row)
    return pd.DataFrame(rows)
