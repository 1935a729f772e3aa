"""What the static picture says, before it is drawn: the same for every format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from siamviz.export.numbers import compact, decimals_for, percent, signed, term

READABLE = 48
"""Rows or columns that a page has room for."""

CROWDED = 24
"""Rows or columns beyond which cells are small and numbers shorter."""

STRONG = 0.4
"""Share of the largest effect from which an effect is set in bold."""


@dataclass(frozen=True)
class Mark:
    """One unit of a sentence as it is written: what stands before it, its text, its effect."""

    lead: str
    text: str
    effect: float
    special: bool
    strong: bool


@dataclass(frozen=True)
class Sentence:
    """A sentence as a row of marks; `tail` is what follows the last of them."""

    name: Literal["A", "B"]
    marks: tuple[Mark, ...]
    tail: str
    direction: str


@dataclass(frozen=True)
class Heading:
    """A row or column of the matrix with the sum of its cells; `rest` sums the weakest."""

    text: str
    total: float
    special: bool
    strong: bool
    rest: bool = False


@dataclass(frozen=True)
class Link:
    """One of the strongest pairs."""

    rank: int
    a: str
    b: str
    effect: float
    share: float
    strong: bool


@dataclass(frozen=True, eq=False)
class Picture:
    """Everything a drawing needs, in reading order.

    Attributes
    ----------
    measure : str
        What the score is: "similarity" or "dot product".
    terms : tuple of (str, float)
        The ledger's terms, which sum to `score`.
    sentences : pair of Sentence
    sentence_limit : float
        The largest absolute effect of a unit, for the sentences' colours.
    rows, columns : tuple of Heading
        Text first, then special tokens, then what the strongest leave over.
    values : (R, C) array
        The cells' effects.
    uncertain : (R, C) bool array
        Cells within their numerical error of zero.
    limit : float
        The largest absolute effect of a pair, for the matrix' colours.
    links : tuple of Link
        The strongest pairs.
    settings : tuple of str
        Model, layer, baseline and rule, in words.
    certificate : str
        How exact it is, as a sentence.
    settled : bool or None
        Whether the tolerance was met; None for a rule without tolerance.
    notes : tuple of str
        What a reader must know besides.
    silent : str
        Which special tokens have no row or column, because they carry nothing.
    """

    measure: str
    score: float
    terms: tuple[tuple[str, float], ...]
    sentences: tuple[Sentence, Sentence]
    sentence_limit: float
    rows: tuple[Heading, ...]
    columns: tuple[Heading, ...]
    values: NDArray[np.float64]
    uncertain: NDArray[np.bool_]
    limit: float
    links: tuple[Link, ...]
    settings: tuple[str, ...]
    certificate: str
    settled: bool | None
    notes: tuple[str, ...]
    silent: str

    @property
    def crowded(self) -> bool:
        """Whether the matrix is too large for roomy cells."""
        return max(self.values.shape) > CROWDED

    @property
    def decimals(self) -> int:
        """Digits after the point in the cells: fewer when they are crowded."""
        return decimals_for(2.0 * self.limit if self.crowded else self.limit)

    def number(self, row: int, column: int) -> str:
        """Return what is written in a cell; "~" marks what may be numerical error."""
        digits = compact(self.values[row, column], self.decimals)
        return f"~{digits}" if digits and self.uncertain[row, column] else digits

    def strong(self, row: int, column: int) -> bool:
        """Whether a cell is among the strongest."""
        large = abs(self.values[row, column]) >= STRONG * self.limit > 0.0
        return bool(large and not self.uncertain[row, column])

    def describe(self, row: int, column: int) -> str:
        """Return a cell in words, such as ``kitten × cat +0.1702 (28 %)``."""
        value = self.values[row, column]
        share = percent(value / self.score if self.score else float("nan"))
        pair = f"{self.rows[row].text} × {self.columns[column].text}"
        doubt = ", within numerical error" if self.uncertain[row, column] else ""
        return f"{pair} {signed(value, self.decimals + 2)} ({share}){doubt}"

    def ledger(self) -> str:
        """Return the ledger as a sentence."""
        terms = " + ".join(f"{name} {term(value)}" for name, value in self.terms)
        return f"{self.measure} {term(self.score)} = {terms}"

    def caption(self) -> str:
        """Return what the matrix shows."""
        return f"Effect of each pair on the {self.measure}: rows are A, columns are B."

    def legend(self) -> str:
        """Return how to read colours and signs."""
        doubt = " “~” marks a cell within its numerical error of zero." if self.doubtful else ""
        silent = f" {self.silent}" if self.silent else ""
        return (
            f"Blue raises the {self.measure}, orange lowers it. An empty cell rounds to 0."
            f"{doubt}{silent}"
        )

    def edges(self) -> tuple[str, str]:
        """Return the two ends of the colour scale as they are written."""
        low, high = (signed(edge, self.decimals) for edge in (-self.limit, self.limit))
        return low, high

    @property
    def doubtful(self) -> bool:
        """Whether some written number is marked as uncertain."""
        numbered = np.abs(self.values) >= 0.5 * 10.0**-self.decimals
        return bool((self.uncertain & numbered).any())


def first_special(headings: Sequence[Heading]) -> int:
    """Return the index of the first special heading after text; 0 if there is none."""
    found = (i for i, heading in enumerate(headings) if heading.special)
    return next(found, 0)
