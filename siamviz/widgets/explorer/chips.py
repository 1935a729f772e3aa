"""The slices that a click chooses: all pairs, the largest errors, stars, tags, and metadata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from siamviz.study.statistics import Estimate, Metrics, metrics
from siamviz.study.tables import quoted
from siamviz.widgets.explorer.filters import Filter
from siamviz.widgets.explorer.points import Dataset, Mask

MOST = 12
"""Values that a column of metadata may have to become chips."""
SAMPLES = (60, 200)
"""Resamples for the intervals of a slice, at least and at most: many pairs need few."""
_RESAMPLED = 1_000_000
"""Pairs to draw for an interval."""


@dataclass(frozen=True)
class Chip:
    """One slice; `filter` is None for all pairs."""

    key: str
    group: str
    label: str
    filter: Filter | None


def mark_chips(data: Dataset) -> list[Chip]:
    """Return all pairs, and the slices that marks make."""
    marks: list[tuple[str, Filter | None]] = [("all pairs", None)]
    if data.points.has_gold:
        marks.append(("largest errors", Filter("largest")))
    if len(data.run.sql("SELECT 1 FROM tags WHERE star LIMIT 1")):
        marks.append(("starred", Filter("starred")))
    chips = [Chip(label, "", label, one) for label, one in marks]
    return chips + [Chip(f"tag {tag}", "tags", tag, Filter("tag", tag)) for tag in tags(data)]


def column_chips(data: Dataset) -> list[Chip]:
    """Return the slices of the metadata columns that have few values."""
    return [chip for column in data.run.metadata for chip in _values(data, column)]


def tags(data: Dataset) -> list[str]:
    """Return the tags that are in use, the most frequent first."""
    query = (
        "SELECT tag FROM tags WHERE tag IS NOT NULL AND tag <> '' "
        "GROUP BY tag ORDER BY count(*) DESC, tag LIMIT 100"
    )
    return data.run.sql(query)["tag"].tolist()


def _values(data: Dataset, column: str) -> list[Chip]:
    found = data.run.sql(
        f"SELECT {quoted(column)} AS value, count(*) AS n FROM pairs GROUP BY ALL "  # noqa: S608
        f"ORDER BY n DESC, value LIMIT {MOST + 1}"
    )
    if not 1 < len(found) <= MOST:
        return []
    column_values = found["value"]
    if column_values.dtype.kind == "f":  # so pandas writes whole numbers of which some are missing
        column_values = column_values.convert_dtypes()
    values = [None if _is_nothing(value) else value for value in column_values.astype(object)]
    filters = [Filter("column", value, column) for value in values]
    names = ["none" if value is None else str(value) for value in values]
    return [
        Chip(f"{column}: {one.value!r}", column, name, one)
        for name, one in zip(names, filters, strict=True)
    ]


def _is_nothing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))


def measure(data: Dataset, mask: Mask) -> dict[str, Any] | None:
    """Return Spearman and mean absolute error of a slice; None where there is no gold."""
    points = data.points
    if not points.has_gold:
        return None
    known = mask & np.isfinite(points.difference)
    samples = int(np.clip(_RESAMPLED // max(known.sum(), 1), *SAMPLES))
    found: Metrics = metrics(points.gold[known], points.score[known], samples=samples)
    return {"spearman": _estimate(found.spearman), "mae": _estimate(found.mae)}


def _estimate(estimate: Estimate) -> dict[str, float | None]:
    return {name: finite(getattr(estimate, name)) for name in ("value", "low", "high")}


def finite(value: Any) -> float | None:
    """Return a number as JSON has it: None for NaN and infinity."""
    return round(float(value), 6) if value is not None and np.isfinite(value) else None
