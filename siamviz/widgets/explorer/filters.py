"""What narrows down the pairs under study: each filter is one condition, and all must hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from siamviz.errors import InvalidArgumentError
from siamviz.study.tables import quoted
from siamviz.widgets.explorer.points import Dataset, Mask

LARGEST = 0.1
"""The share of the pairs that counts as those with the largest errors."""

_TAGGED = "SELECT p.row FROM pairs p JOIN tags t USING (pair_id)"


@dataclass(frozen=True)
class Filter:
    """One condition on pairs.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    value : hashable
        What the kind asks for.
    column : str
        Which column of metadata has the value, for the kind "column".
    """

    kind: str
    value: Any = True
    column: str = ""

    @property
    def slot(self) -> str:
        """What it is a condition on: a new one takes the place of the one before."""
        return f"{self.kind} {self.column}".strip()

    @property
    def label(self) -> str:
        """A few words for a reader."""
        return KINDS[self.kind].label(self)

    @property
    def lasting(self) -> bool:
        """Whether it holds of the same pairs for as long as the run is there."""
        reads_tags = self.kind == "sql" and "tags" in self.value.casefold()
        return self.kind not in ("starred", "tag") and not reads_tags

    def mask(self, data: Dataset) -> Mask:
        """Return for which pairs it holds, (N,)."""
        return KINDS[self.kind].mask(data, self)


@dataclass(frozen=True)
class Kind:
    """How a kind of filter is named, and which pairs meet it."""

    label: Callable[[Filter], str]
    mask: Callable[[Dataset, Filter], Mask]


def _largest(data: Dataset, _: Filter) -> Mask:
    size = np.abs(data.points.difference)
    known = size[np.isfinite(size)]
    if not len(known):
        return np.zeros(len(size), dtype=bool)
    return size >= np.quantile(known, 1.0 - LARGEST)


def _column(data: Dataset, one: Filter) -> Mask:
    query = f"SELECT row FROM pairs WHERE {quoted(one.column)} IS NOT DISTINCT FROM ?"  # noqa: S608
    return data.rows(query, one.value)


def _search(data: Dataset, one: Filter) -> Mask:
    query = (
        "SELECT row FROM pairs WHERE contains(lower(text_a), lower(?)) "
        "OR contains(lower(text_b), lower(?))"
    )
    return data.rows(query, one.value, one.value)


def _span(data: Dataset, one: Filter) -> Mask:
    low, high = one.value
    return (data.points.measure >= low) & (data.points.measure <= high)


def _span_label(one: Filter) -> str:
    return " to ".join(f"{value:+.2f}".replace("-", "−") for value in one.value)


KINDS: Mapping[str, Kind] = {
    "largest": Kind(lambda _: "largest errors", _largest),
    "starred": Kind(lambda _: "starred", lambda data, _: data.rows(f"{_TAGGED} WHERE t.star")),
    "tag": Kind(
        lambda one: f"tag: {one.value}",
        lambda data, one: data.rows(f"{_TAGGED} WHERE t.tag = ?", one.value),
    ),
    "column": Kind(
        lambda one: f"{one.column}: {'none' if one.value is None else one.value}", _column
    ),
    "sql": Kind(
        lambda one: one.value,
        lambda data, one: data.points.mask(data.run.pairs(one.value).to_frame()["row"].to_numpy()),
    ),
    "search": Kind(lambda one: f"“{one.value}”", _search),
    "region": Kind(
        lambda _: "region of the scatter", lambda data, one: data.points.inside(one.value)
    ),
    "span": Kind(_span_label, _span),
    "words": Kind(
        lambda one: " × ".join(one.value),
        lambda data, one: data.rows("SELECT row FROM word_pairs WHERE a = ? AND b = ?", *one.value),
    ),
    "given": Kind(
        lambda one: f"{len(one.value)} chosen pairs",
        lambda data, one: data.points.mask(one.value),
    ),
}
"""All kinds of filters: some are made by chips, "given" by Python, the others by `parse`."""


def parse(kind: Any, value: Any) -> Filter:
    """Return the filter that the front end asks for.

    Raises
    ------
    InvalidArgumentError
        If the kind is none that it may ask for, or the value does not fit.
    """
    if kind in ("sql", "search") and isinstance(value, str) and value.strip():
        return Filter(kind, value)
    if kind == "region" and _is_list(value) and len(value) >= 3 and all(map(_numbers, value)):
        return Filter(kind, tuple((float(x), float(y)) for x, y in value))
    if kind == "span" and _numbers(value):
        return Filter(kind, tuple(map(float, value)))
    if kind == "words" and _is_list(value) and [type(word) for word in value] == [str, str]:
        return Filter(kind, tuple(value))
    raise InvalidArgumentError(
        f"{value!r:.60} is no filter of the kind {kind!r:.40}. There are sql and search (a text), "
        "region (three or more corners), span (low, high) and words (two words)."
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _numbers(value: Any) -> bool:
    """Whether it is a list of two finite numbers."""
    return (
        _is_list(value)
        and len(value) == 2
        and all(isinstance(n, Real) and not isinstance(n, bool) for n in value)
        and bool(np.isfinite(value).all())
    )
