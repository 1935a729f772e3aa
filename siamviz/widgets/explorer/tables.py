"""The tables that follow a selection, as the front end gets them."""

from __future__ import annotations

from collections import Counter
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
LABELS = 10
"""Word classes in the map."""
TEXT = 400
"""Characters of a text in the list."""


def least_count(chosen: Chosen) -> int:
    """Return in how many pairs of texts a word pair must be to be told of."""
    return MANY if len(chosen) >= 200 else 2 if len(chosen) >= 20 else 1


def league(index: PairIndex, data: Dataset, chosen: Chosen) -> dict[str, Any]:
    """Return the word pairs that do most harm in the selection, or push most without gold."""
    least = least_count(chosen)
    order = "harm" if data.points.has_gold else "mean"
    found = index.table(
        chosen.places, data.points.difference, least=least, order=order, limit=PAIRS
    )
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
    return {"kind": "league", "pairs": pairs, "least": least}


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
        f"SELECT row, left(text_a, {TEXT}) AS a, left(text_b, {TEXT}) AS b, star, tag, note "  # noqa: S608
        "FROM pairs LEFT JOIN tags USING (pair_id) WHERE row IN (SELECT unnest(?::BIGINT[]))",
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
    query = "SELECT star, tag, note FROM pairs LEFT JOIN tags USING (pair_id) WHERE row = ?"
    return _marks(data.run.sql(query, [row]).to_dict("records")[0])


def _marks(line: dict[str, Any]) -> dict[str, Any]:
    starred = isinstance(line["star"], bool | np.bool_) and bool(line["star"])
    return {"star": starred, "tag": _text(line["tag"]), "note": _text(line["note"])}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _estimate(value: Any, low: Any, high: Any) -> dict[str, float | None]:
    return {"value": finite(value), "low": finite(low), "high": finite(high)}
