"""The tables that follow a selection, as the front end gets them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from siamviz.widgets.explorer.chips import finite
from siamviz.widgets.explorer.choosing import Chosen
from siamviz.widgets.explorer.index import PairIndex
from siamviz.widgets.explorer.points import Dataset

PAIRS = 200
"""Word pairs in the table."""
MANY = 5
"""In how many pairs of texts a word pair of a large selection must be."""
RARE = 100_000
"""So many word pairs that are sought may be told of however rare they are."""
LABELS = 10
"""Word classes in the map."""
TEXT = 400
"""Characters of a text in the list."""


LEAGUE_ORDERS = {"harm": "harm", "effect": "mean", "error": "error", "count": "n", "pair": "a"}
"""What word pairs can be ordered by, and the column of that."""


@dataclass(frozen=True)
class Ranking:
    """Which word pairs are asked for.

    Attributes
    ----------
    order : str
        Of `LEAGUE_ORDERS`.
    up : bool
        Whether the smallest come first.
    sought : str
        Words, or parts of them, that a pair must have.
    """

    order: str = "harm"
    up: bool = False
    sought: str = ""

    @property
    def words(self) -> list[str]:
        """What is sought, as the words of the index are written."""
        return self.sought.replace("×", " ").casefold().split()


def least_count(chosen: Chosen) -> int:
    """Return in how many pairs of texts a word pair must be to be told of."""
    return MANY if len(chosen) >= 200 else 2 if len(chosen) >= 20 else 1


def league(index: PairIndex, data: Dataset, chosen: Chosen, asked: Ranking) -> dict[str, Any]:
    """Return the first word pairs of the selection, or the first of those that are sought."""
    least, among = least_count(chosen), None
    if asked.words:
        among = index.holding(asked.words)
        least = 1 if among.sum() <= RARE else least
    found = index.table(
        chosen.places, data.points.difference, least=least, order=LEAGUE_ORDERS[asked.order],
        up=asked.up, limit=PAIRS, among=among,
    )  # fmt: skip
    pairs = [
        {
            "a": index.names[pair["a"]],
            "b": index.names[pair["b"]],
            "count": pair["n"],
            "effect": _estimate(pair["mean"], pair["low"], pair["high"]),
            "error": _estimate(pair["error"], pair["error_low"], pair["error_high"]),
            "harm": finite(pair["harm"]),
        }
        for pair in found.to_dict("records")
    ]
    told = {"order": asked.order, "up": asked.up, "sought": asked.sought}
    return {"kind": "league", "pairs": pairs, "least": least, **told}


def heat(index: PairIndex, data: Dataset, chosen: Chosen) -> dict[str, Any]:
    """Return the mean effect of each pair of word classes; no labels without linguistics."""
    found = index.table(chosen.places, data.points.difference, order="n").to_dict("records")
    share: Counter[int] = Counter()
    for pair in found:
        share.update({pair["a"]: pair["n"]})
        share.update({pair["b"]: pair["n"]})
    kept = sorted(code for code, _ in share.most_common(LABELS))
    shown = [pair for pair in found if pair["a"] in kept and pair["b"] in kept]
    # An unordered pair stands on both sides of the diagonal.
    shown += [{**pair, "a": pair["b"], "b": pair["a"]} for pair in shown if pair["a"] != pair["b"]]
    cells = {side: [index.names[pair[side]] for pair in shown] for side in ("a", "b")}
    values = {name: [finite(pair[name]) for pair in shown] for name in ("mean", "n")}
    limit = max((abs(value) for value in values["mean"] if value is not None), default=0.0)
    labels = [index.names[code] for code in kept]
    return {"kind": "heat", "labels": labels, "limit": limit, "cells": {**cells, **values}}


def lines(data: Dataset, rows: list[int]) -> list[dict[str, Any]]:
    """Return the lines of the list for some rows, in their order."""
    found = data.run.sql(
        f"SELECT p.row, left(p.text_a, {TEXT}) AS a, left(p.text_b, {TEXT}) AS b, "  # noqa: S608
        "t.star, t.tag, t.note FROM pairs p LEFT JOIN tags t USING (pair_id) "
        "WHERE p.row IN (SELECT unnest(?::BIGINT[]))",
        [rows],
    )
    texts = {line["row"]: line for line in found.to_dict("records")}
    places = data.points.positions(rows)
    return [_line(data, texts[row], int(place)) for row, place in zip(rows, places, strict=True)]


def _line(data: Dataset, line: dict[str, Any], place: int) -> dict[str, Any]:
    points = data.points
    former = None if points.former is None else points.former[place]
    return {
        "row": int(line["row"]),
        "a": _text(line["a"]),
        "b": _text(line["b"]),
        "gold": finite(points.gold[place]),
        "score": finite(points.score[place]),
        "former": finite(former),
        **_marks(line),
    }


def marks(data: Dataset, row: int) -> dict[str, Any]:
    """Return star, tag and note of a pair."""
    query = (
        "SELECT t.star, t.tag, t.note FROM pairs p LEFT JOIN tags t USING (pair_id) WHERE p.row = ?"
    )
    return _marks(data.run.sql(query, [row]).to_dict("records")[0])


def _marks(line: dict[str, Any]) -> dict[str, Any]:
    starred = isinstance(line["star"], bool | np.bool_) and bool(line["star"])
    return {"star": starred, "tag": _text(line["tag"]), "note": _text(line["note"])}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _estimate(value: Any, low: Any, high: Any) -> dict[str, float | None]:
    return {"value": finite(value), "low": finite(low), "high": finite(high)}
