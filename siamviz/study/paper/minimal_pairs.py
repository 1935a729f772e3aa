"""What a small change of meaning does to the score, and where in the matrix that shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz.study.paper.probes import Probe
from siamviz.study.statistics import mean_interval

if TYPE_CHECKING:
    import pandas as pd

    from siamviz.attribution import PairAttribution
    from siamviz.explainer import Explainer


def minimal_pairs(explainer: Explainer, probes: Sequence[Probe], **options: Any) -> pd.DataFrame:
    """Return how much less a changed sentence is like the base, and what its new words do.

    Parameters
    ----------
    explainer : Explainer
    probes : sequence of Probe
    **options
        As in `Explainer.explain`.

    Returns
    -------
    DataFrame
        For the `changed` sentence, the `control` and their `difference`: the mean over groups of
        probes of one template, with a 95 % interval, of two measures. `drop` is the score of the
        base with itself less that with the sentence; `words` the effects of the words that only
        the sentence has, with all of the base and on their own, where there are any.
    """
    import pandas as pd

    texts = [(one.base, other) for one in probes for other in (one.base, one.changed, one.control)]
    found = explainer.explain_many(texts, **options)
    own, changed, control = found[0::3], found[1::3], found[2::3]
    drops = [
        [one.score - other.score for one, other in zip(own, others, strict=True)]
        for others in (changed, control)
    ]
    measures = {"drop": drops}
    if all(one.changed_words for one in probes):
        measures["words"] = [
            [_effect(pair, one.changed_words) for pair, one in zip(changed, probes, strict=True)],
            [_effect(pair, one.control_words) for pair, one in zip(control, probes, strict=True)],
        ]
    group = np.unique([one.group for one in probes], return_inverse=True)[1]
    rows: list[dict[str, Any]] = []
    for measure, sides in measures.items():
        one, other = np.array(sides)
        for sentence, values in (("changed", one), ("control", other), ("difference", one - other)):
            means = np.bincount(group, values) / np.bincount(group)
            mean, low, high = mean_interval(means)
            rows.append(
                {"measure": measure, "sentence": sentence, "n": len(probes),
                 "groups": len(means), "mean": mean, "low": low, "high": high}
            )  # fmt: skip
    return pd.DataFrame(rows)


def _effect(pair: PairAttribution, words: tuple[str, ...]) -> float:
    """What words of the second text do: their effects with all of the first, and on their own."""
    by_word = pair.by("word")
    columns = by_word.matrix.sum(0) + by_word.token_effects_b
    places = [token.text.casefold() in words for token in by_word.tokens_b]
    return float(columns[places].sum())
