"""What a report tells of a run: numbers, tables, and the results behind the worst pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from siamviz.attribution import PairAttribution
from siamviz.errors import (
    DataError,
    InvalidArgumentError,
    ModelNotFoundError,
    SiamvizError,
    UnsupportedModelError,
)
from siamviz.study.looks import FEW, Frame
from siamviz.study.slices import Slice
from siamviz.study.tables import quoted

if TYPE_CHECKING:
    import pandas as pd

    from siamviz.study.run import Run

LISTED = 2_000
"""So many pairs, those of the largest errors, have their texts in the report of a large run."""
MARKED = 40
"""So many starred or tagged pairs have their picture in it, beside the worst."""
VALUES = 12
"""Values that a column of metadata may have to be shown by slice."""
LEAGUE = 15
"""Word pairs in each table."""
EXAMPLES = 1_000
"""A word pair in more pairs of texts than this does not list them."""

_NO_MODEL = (ModelNotFoundError, UnsupportedModelError, DataError)
_MANY = 200
_SAMPLES = 1000
_SAMPLES_OF_MANY = 200


@dataclass(frozen=True, eq=False)
class Contents:
    """What a report tells.

    Attributes
    ----------
    run : Run
    chosen : str
        Which of its pairs, in words; empty for all.
    pairs : DataFrame
        The chosen rows of the table "pairs", the largest errors first; the highest scores first
        where there is no gold.
    marks : dict of row to (star, tag)
    gold : bool
        Whether any pair has a gold score.
    attributed : int
        How many of them are.
    residual : float
        The 95th percentile of the attributions' relative residuals; NaN without any.
    metrics : DataFrame or None
        One row; None without gold.
    slices : tuple of (column, DataFrame)
    least : int
        Of how many pairs of texts a word pair has to be to be told.
    harm, help : DataFrame
        Word pairs by what they do to the errors; without gold those of the largest and the
        smallest effects.
    examples : tuple of ((a, b), rows)
        For the word pairs of both, the pairs of texts in which they meet, if these are not too
        many.
    classes : DataFrame or None
        Pairs of parts of speech.
    overlap, shares : DataFrame or None
    pictures : dict of row to PairAttribution
    lacking : str
        Why pictures could not be computed; empty if all could that the model can explain.
    """

    run: Run
    chosen: str
    pairs: pd.DataFrame
    marks: dict[int, tuple[bool, str]]
    gold: bool
    attributed: int
    residual: float
    metrics: pd.DataFrame | None
    slices: tuple[tuple[str, Any], ...]
    least: int
    harm: pd.DataFrame
    help: pd.DataFrame
    examples: tuple[tuple[tuple[str, str], tuple[int, ...]], ...]
    classes: pd.DataFrame | None
    overlap: pd.DataFrame | None
    shares: pd.DataFrame | None
    pictures: dict[int, PairAttribution]
    lacking: str

    @cached_property
    def scored(self) -> pd.DataFrame:
        """The pairs that have a place in the figures: scored, and with gold if any has it."""
        pairs: Any = self.pairs
        return pairs[pairs["difference" if self.gold else "score"].notna()]

    @cached_property
    def frame(self) -> Frame:
        """The ranges of the figures."""
        score, difference = (numbers(self.scored, name) for name in ("score", "difference"))
        return Frame.of(score, difference if self.gold else None)


def gather(run: Run, chosen: Slice, worst: int) -> Contents:
    """Ask a run for everything that its report tells.

    Parameters
    ----------
    run : Run
    chosen : str, list, DataFrame or None
        The pairs it is about.
    worst : int
        How many of the pairs with the largest errors get a picture.
    """
    pairs: Any = run.pairs(chosen).to_frame()
    if pairs.empty:
        raise InvalidArgumentError(
            "There is no pair to report on. Choose another slice, or leave it out."
        )
    gold = bool(pairs["difference"].notna().any())
    pairs = _ordered(pairs, gold)
    marks = {
        int(row): (bool(star), str(tag or ""))
        for row, star, tag in run.sql(
            "SELECT p.row, t.star, t.tag FROM pairs p JOIN tags t USING (pair_id) "
            "WHERE t.star OR t.tag <> ''"
        ).itertuples(index=False)
    }
    known = run.sql("SELECT row, relative_residual FROM attributions WHERE status = 'ok'")
    known = known[known["row"].isin(pairs["row"])]
    residuals = numbers(known, "relative_residual")
    residuals = residuals[np.isfinite(residuals)]
    least = 5 if len(known) >= _MANY else 2
    harm, help_ = _league(run, chosen, gold, least)
    samples = _SAMPLES if len(pairs) <= FEW else _SAMPLES_OF_MANY
    stored = {int(row) for row in known["row"]}
    pictures, lacking = _pictures(run, _wanted(pairs, marks, worst), stored)
    return Contents(
        run=run,
        chosen="" if chosen is None else chosen if isinstance(chosen, str) else "chosen pairs",
        pairs=pairs,
        marks=marks,
        gold=gold,
        attributed=len(known),
        residual=float(np.quantile(residuals, 0.95)) if len(residuals) else np.nan,
        metrics=run.metrics(slice=chosen, samples=samples) if gold else None,
        slices=tuple(_slices(run, chosen, pairs, samples)) if gold else (),
        least=least,
        harm=harm,
        help=help_,
        examples=tuple(_examples(run, pairs, harm, help_)),
        classes=_classes(run, chosen) if len(known) else None,
        overlap=run.overlap(slice=chosen) if len(known) else None,
        shares=run.top_share(slice=chosen) if len(known) else None,
        pictures=pictures,
        lacking=lacking,
    )


def numbers(frame: Any, column: str) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where there is none."""
    return frame[column].to_numpy(dtype=np.float64, na_value=np.nan)


def _ordered(pairs: Any, gold: bool) -> Any:
    key = pairs["difference"].abs() if gold else pairs["score"]
    return pairs.loc[key.sort_values(ascending=False, kind="stable", na_position="last").index]


def _slices(run: Run, chosen: Slice, pairs: Any, samples: int) -> Iterator[tuple[str, Any]]:
    for column in run.metadata:
        if 1 < pairs[column].nunique(dropna=False) <= VALUES:
            found = run.metrics(quoted(column), slice=chosen, samples=samples)
            yield column, found.rename(columns={quoted(column): "value"})


def _league(run: Run, chosen: Slice, gold: bool, least: int) -> tuple[Any, Any]:
    """Return the word pairs that harm most and those that help most."""
    order = "harm" if gold else "mean"
    found: Any = run.word_pairs(slice=chosen, least=least, limit=None, order=order)
    up, down = found[found[order] > 0], found[found[order] < 0]
    return up.head(LEAGUE), down.tail(LEAGUE).iloc[::-1]


def _examples(
    run: Run, pairs: Any, *tables: Any
) -> Iterator[tuple[tuple[str, str], tuple[int, ...]]]:
    known = set(pairs["row"].tolist())
    for table in tables:
        for a, b, n in zip(table["a"], table["b"], table["n"], strict=True):
            if n <= EXAMPLES:
                query = "SELECT DISTINCT row FROM word_pairs WHERE a = ? AND b = ? ORDER BY row"
                rows = run.sql(query, [a, b])["row"].tolist()
                yield (a, b), tuple(row for row in rows if row in known)


def _classes(run: Run, chosen: Slice) -> Any:
    try:
        found = run.pos_pairs(slice=chosen)
    except DataError:
        return None
    return found if len(found) else None


def _pictures(
    run: Run, rows: list[int], stored: set[int]
) -> tuple[dict[int, PairAttribution], str]:
    """Return the attributions of pairs, and why the model could not be had, if it could not.

    Once the model could not be had, only stored attributions are asked for.
    """
    found: dict[int, PairAttribution] = {}
    reason = ""
    for row in rows:
        if reason and row not in stored:
            continue
        try:
            found[row] = run.pair(row)
        except _NO_MODEL as error:
            if reason:
                break
            reason = str(error)
        except SiamvizError:
            continue
    return found, reason


def _wanted(pairs: Any, marks: dict[int, tuple[bool, str]], worst: int) -> list[int]:
    """Return the rows of the worst pairs, then of those that are starred or tagged."""
    rows = [int(row) for row in pairs.loc[pairs["status"] == "ok", "row"]]
    marked = [row for row in rows if row in marks]
    return list(dict.fromkeys([*rows[:worst], *marked[:MARKED]]))
