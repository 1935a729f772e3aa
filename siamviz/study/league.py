"""Tables of what pairs of words and of word classes do to the scores, asked of a run in SQL.

Each takes a cursor with the temporary table "chosen" (row), the pairs it is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siamviz.errors import check_choice
from siamviz.study.linguistics import KIND_SQL
from siamviz.study.statistics import mean_intervals, ratio_intervals
from siamviz.study.tables import TOP_PERCENTS

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

ORDERS = {
    "harm": "harm DESC NULLS LAST", "help": "harm NULLS LAST", "mean": "mean DESC",
    "-mean": "mean", "n": "n DESC", "error": "error DESC NULLS LAST",
}  # fmt: skip

_SUMS = (
    "count(*) AS n, sum(x) AS sx, sum(x * x) AS sxx, avg(x) AS mean, count(d) AS nd, "
    "sum(d) AS sd, sum(d * d) AS sdd, avg(d) AS error, avg(2 * d * x - x * x) AS harm"
)
_WORDS = r"AND NOT regexp_full_match(a, '\p{P}+') AND NOT regexp_full_match(b, '\p{P}+')"
_OCCURRENCES = (
    "SELECT w.row, w.a, w.b, w.effect::DOUBLE AS x, la.{0} AS one, lb.{0} AS two, "
    "la.lemma AS lemma_a, lb.lemma AS lemma_b "
    "FROM word_pairs w JOIN chosen USING (row) JOIN pairs p USING (row) "
    "LEFT JOIN linguistics la ON la.text_id = p.a AND la.word = w.i "
    "LEFT JOIN linguistics lb ON lb.text_id = p.b AND lb.word = w.j"
)

_NUMBERED = (
    "SELECT row, pair_id, text_a, text_b, gold, score, difference, "
    "row_number() OVER (PARTITION BY text_a, text_b ORDER BY row) AS occurrence "
    "FROM {} WHERE status = 'ok'"
)
COMPARISON = (
    "SELECT n.row, e.row AS row_before, n.pair_id, n.text_a, n.text_b, n.gold, n.score, "
    "e.score AS score_before, n.difference, e.difference AS difference_before, "
    "abs(n.difference) - abs(e.difference) AS regression "
    f"FROM ({_NUMBERED.format('pairs')}) n JOIN ({_NUMBERED.format('pairs_before')}) e "
    "USING (text_a, text_b, occurrence) ORDER BY regression DESC NULLS LAST, n.row"
)
"""The same pairs in "pairs" and in "pairs_before"."""


def word_pairs(
    cursor: duckdb.DuckDBPyConnection, least: int, limit: int | None, order: str, punctuation: bool
) -> pd.DataFrame:
    """Return a row for each unordered pair of words."""
    check_choice("order", order, ORDERS)
    end = "" if limit is None else f" LIMIT {int(limit)}"
    query = (
        f"SELECT a, b, {_SUMS} FROM (SELECT w.a, w.b, w.total::DOUBLE AS x, p.difference AS d "
        "FROM word_pairs w JOIN chosen USING (row) JOIN pairs p USING (row) "
        "WHERE w.total IS NOT NULL) "
        f"WHERE true {'' if punctuation else _WORDS} GROUP BY a, b HAVING count(*) >= ? "
        f"ORDER BY {ORDERS[order]}, n DESC, a, b{end}"
    )
    frame = cursor.execute(query, [least]).df()
    _, frame["low"], frame["high"] = mean_intervals(frame["n"], frame["sx"], frame["sxx"])
    error = mean_intervals(frame["nd"], frame["sd"], frame["sdd"])
    frame["error"], frame["error_low"], frame["error_high"] = error
    names = ["a", "b", "n", "mean", "low", "high", "error", "error_low", "error_high", "harm"]
    return frame.filter(names)


def flagged(cursor: duckdb.DuckDBPyConnection, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the word pairs with whether either word negates, or is a number."""
    words = cursor.execute(
        "SELECT text, bool_or(negation), bool_or(number) FROM linguistics "
        "WHERE negation OR number GROUP BY text"
    ).fetchall()
    for place, name in enumerate(("negation", "number"), start=1):
        flags = [row[0] for row in words if row[place]]
        frame[name] = frame["a"].isin(flags) | frame["b"].isin(flags)
    return frame


def class_pairs(cursor: duckdb.DuckDBPyConnection, column: str) -> pd.DataFrame:
    """Return a row for each unordered pair of word classes: "pos" or "dep"."""
    frame = _classes(
        cursor, _OCCURRENCES.format(column),
        "least(one, two) AS class_a, greatest(one, two) AS class_b",
        "class_a, class_b", "one IS NOT NULL AND two IS NOT NULL",
    )  # fmt: skip
    return frame.rename(columns={"class_a": "a", "class_b": "b"})


def overlap(cursor: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return a row for identical words, for words of the same lemma, and for different ones."""
    return _classes(cursor, _OCCURRENCES.format("pos"), f"{KIND_SQL} AS kind", "kind", "true")


def _classes(
    cursor: duckdb.DuckDBPyConnection, occurrences: str, classes: str, names: str, where: str
) -> pd.DataFrame:
    """Group word pairs by class: sums within each pair of texts, then means over those."""
    frame = cursor.execute(
        f"SELECT {names}, count(*) AS n, sum(k)::BIGINT AS count, sum(x) AS sx, "
        f"sum(x * x) AS sxx, sum(k * 1.0) AS total_count "
        f"FROM (SELECT row, {classes}, sum(x) AS x, count(*) AS k FROM ({occurrences}) "
        f"WHERE {where} GROUP BY ALL) GROUP BY {names}"
    ).df()
    frame["mean"], frame["low"], frame["high"] = mean_intervals(
        frame["n"], frame["sx"], frame["sxx"]
    )
    frame["share"] = frame["sx"] / frame["sx"].sum()
    frame["frequency"] = frame["count"] / frame["count"].sum()
    frame["ratio"] = frame["share"] / frame["frequency"]
    keys = names.split(", ")
    shown = [*keys, "n", "count", "mean", "low", "high", "share", "frequency", "ratio"]
    return frame.sort_values(["share", *keys], ascending=False, ignore_index=True).filter(shown)


def top_share(cursor: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return how much of the pairs' sum, and of the score, the strongest token pairs carry."""
    import pandas as pd

    cursor.execute(
        "SELECT top_share, pairs, score FROM attributions JOIN chosen USING (row) "
        "WHERE status = 'ok'"
    )
    found = cursor.fetchnumpy()
    size = len(found["pairs"])
    sums = np.array(list(found["top_share"])) if size else np.empty((0, len(TOP_PERCENTS)))
    frame = pd.DataFrame({"percent": TOP_PERCENTS})
    for name, whole in (("of_pairs", found["pairs"]), ("of_score", found["score"])):
        frame[name], frame[f"{name}_low"], frame[f"{name}_high"] = ratio_intervals(
            sums, np.asarray(whole)
        )
    return frame
