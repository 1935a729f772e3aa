"""How well parts of a matrix rank sentence pairs: the largest word pairs, or those of a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz.study.statistics import metrics, spearman_difference

if TYPE_CHECKING:
    import pandas as pd

    from siamviz.study.run import Run

PERCENTS = (1, 2, 5, 10, 20, 50)
_CONTENT = "('NOUN', 'PROPN', 'VERB', 'ADJ', 'ADV', 'NUM')"
_MARKS = "('PUNCT', 'SYM', 'SPACE', 'X')"
_FUNCTION = "{0} NOT IN " + _CONTENT + " AND {0} NOT IN " + _MARKS
_ONE = _FUNCTION.format("class_a")
_OTHER = _FUNCTION.format("class_b")
_NO_MARK = f"class_a NOT IN {_MARKS} AND class_b NOT IN {_MARKS}"
_CLASSES = {
    "nouns": "class_a IN ('NOUN', 'PROPN') AND class_b IN ('NOUN', 'PROPN')",
    "verbs": "class_a = 'VERB' AND class_b = 'VERB'",
    "nouns and verbs": "class_a IN ('NOUN', 'PROPN', 'VERB') "
    "AND class_b IN ('NOUN', 'PROPN', 'VERB')",
    "content words": f"class_a IN {_CONTENT} AND class_b IN {_CONTENT}",
    "function words": f"{_ONE} AND {_OTHER}",
    "a content and a function word": f"(class_a IN {_CONTENT} AND {_OTHER}) "
    f"OR (class_b IN {_CONTENT} AND {_ONE})",
    "with a punctuation mark": f"NOT ({_NO_MARK})",
    "identical words": f"a = b AND {_NO_MARK}",
    "different words": f"a <> b AND {_NO_MARK}",
}
_CELLS = """
    SELECT w.row, w.effect, w.a, w.b, left_word.pos AS class_a, right_word.pos AS class_b,
           row_number() OVER largest AS place, row_number() OVER shuffled AS drawn,
           count(*) OVER (PARTITION BY w.row) AS cells
    FROM word_pairs w JOIN pairs p USING (row)
    LEFT JOIN linguistics left_word ON left_word.text_id = p.a AND left_word.word = w.i
    LEFT JOIN linguistics right_word ON right_word.text_id = p.b AND right_word.word = w.j
    WINDOW largest AS (PARTITION BY w.row ORDER BY w.effect DESC, w.i, w.j),
           shuffled AS (PARTITION BY w.row ORDER BY hash(w.row, w.i, w.j))
"""


def partial_sums(run: Run, *, samples: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Return how well sums over parts of the word-pair matrices rank the pairs of a run.

    Special tokens are no words.

    Parameters
    ----------
    run : Run
        With gold scores, attributions and word classes.
    samples, seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        For each `part`: `cells`, its mean share of the word pairs; `carried`, the sum of its
        effects relative to that of the whole score; `spearman` with gold; and its `loss` against
        the score's, over the same resamples; both with a 95 % bootstrap interval.
    """
    import pandas as pd

    parts = {
        f"{name} {p} %": f"{place} <= ceil(cells * {p} / 100)"
        for name, place, percents in (("largest", "place", PERCENTS), ("random", "drawn", (10, 50)))
        for p in percents
    }
    parts |= _CLASSES | {"all word pairs": "true"}
    columns = ", ".join(
        f"coalesce(sum(effect) FILTER ({condition}), 0) AS sum_{k}, "
        f"count(*) FILTER ({condition}) / count(*) AS cells_{k}"
        for k, condition in enumerate(parts.values())
    )
    found: Any = run.sql(
        f"WITH cells AS ({_CELLS}), sums AS (SELECT row, {columns} FROM cells GROUP BY row) "
        "SELECT p.gold, t.score, sums.* FROM sums JOIN pairs p USING (row) "
        "JOIN attributions t USING (row) WHERE p.gold IS NOT NULL ORDER BY row"
    )
    gold, score = found["gold"].to_numpy(), found["score"].to_numpy()
    cells = {part: found[f"cells_{k}"].mean() for k, part in enumerate(parts)}
    sums = {part: found[f"sum_{k}"].to_numpy() for k, part in enumerate(parts)}
    sums["the score itself"] = score
    rows: list[dict[str, Any]] = []
    for part, values in sums.items():
        rank = metrics(gold, values, samples=samples, seed=seed).spearman
        loss = spearman_difference(gold, score, values, samples=samples, seed=seed)
        rows.append(
            {
                "part": part,
                "n": len(gold),
                "cells": float(cells.get(part, 1.0)),
                "carried": float(np.sum(values) / np.sum(score)),
                "spearman": rank.value,
                "spearman_low": rank.low,
                "spearman_high": rank.high,
                "loss": loss.value,
                "loss_low": loss.low,
                "loss_high": loss.high,
            }
        )
    return pd.DataFrame(rows)
